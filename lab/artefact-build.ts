import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import type { Artefact, Build } from "./artefact-catalogue";
import { GoProgress } from "./artefact-progress";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { goEnvironment, requireGo } from "./go";

/** The folder of the pinned module lists. */
const MODULES = path.join(__dirname, "artefacts");

/** How often a build that runs reports its progress. */
const TELL_EVERY_MS = 5_000;

/** Builds an artefact in the folder `work` and returns the path of the one file that it comes to. */
export async function buildArtefact(
  artefact: Artefact,
  options: { work: string; progress: Progress; signal: AbortSignal },
): Promise<string> {
  const { work, progress, signal } = options;
  const { name, version, build } = artefact;
  if (build === undefined) throw new Error(`${name} ${version} is not built here`);
  const go = await requireGo(name);
  const [source, output, temporary] = ["source", "output", "tmp"].map((part) => path.join(work, part));
  for (const folder of [source, output, temporary]) fs.mkdirSync(folder as string);
  for (const file of ["go.mod", "go.sum"])
    fs.copyFileSync(path.join(MODULES, name, file), path.join(source as string, file));
  const told = new GoProgress(`${name} ${version}`);
  const timer = setInterval(() => {
    progress.tell(null, "software", told.line(), told.percent());
  }, TELL_EVERY_MS);
  const run = async (words: readonly string[]): Promise<string> => {
    // Go tidies up on an interrupt; if this program is killed, Go goes with it.
    const child = execa("setpriv", ["--pdeathsig", "TERM", go, ...words], {
      cwd: source,
      env: goEnvironment(process.env, build.go, temporary as string),
      extendEnv: false,
      stdin: "ignore",
      reject: false,
      detached: true,
      maxBuffer: 1 << 28,
    });
    // The compilers as well, as Ctrl-C in a terminal does.
    const stop = (): void => {
      signalGroup(child.pid, "SIGINT");
    };
    signal.addEventListener("abort", stop);
    child.stderr?.on("data", (data: Buffer) => {
      told.read(data.toString());
    });
    const { failed, stdout } = await child;
    signal.removeEventListener("abort", stop);
    signalGroup(child.pid, "SIGKILL");
    if (!failed) return stdout;
    throw new LabError(
      `${name} ${version} could not be built: ${told.errors().slice(-3).join("; ") || "go ended without output"}`,
      "check that Go modules can be fetched here (go env GOPROXY) and that the disk is not full (df), then run this again",
    );
  };
  try {
    progress.tell(null, "software", `building ${name} ${version} from its Go modules, once (go${build.go})`, 0);
    told.expect((await run(["list", "-deps", ...build.packages])).split("\n").length);
    await run(["build", "-v", ...buildWords(build), "-o", `${output as string}/`, ...build.packages]);
  } finally {
    clearInterval(timer);
  }
  const programs = fs.readdirSync(output as string);
  return artefact.archive
    ? packed(output as string, path.join(work, "archive"))
    : path.join(output as string, programs[0] ?? "");
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // all of it has ended
  }
}

/** What makes a build the same everywhere: no paths, no ids, no version control, no C compiler. */
export function buildWords({ variables: set = {} }: Build): string[] {
  const variables = Object.entries(set).map(([name, value]) => `-X ${name}=${value}`);
  const flags = ["-s", "-w", "-buildid=", ...variables].join(" ");
  return ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", flags];
}

/** One archive of all programs: sorted, without times, owners and the archive's own name. */
async function packed(folder: string, file: string): Promise<string> {
  const words = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=0755"];
  const names = fs.readdirSync(folder).sort();
  await execa("tar", [...words, "--format=ustar", "-cf", `${file}.tar`, "-C", folder, ...names], {
    env: { LC_ALL: "C" },
  });
  await execa("gzip", ["-n", "-9", `${file}.tar`], { env: { GZIP: "" } });
  return `${file}.tar.gz`;
}
