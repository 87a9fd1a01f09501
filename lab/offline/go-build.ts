import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { LabError } from "../errors";
import type { Progress } from "../events";
import type { Artefact, Build } from "./catalogue";

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

/** Derives the progress of a build from what `go` prints on stderr. */
export class GoProgress {
  private readonly started = Date.now();
  private downloaded = 0;
  private compiled = 0;
  private total = 0;
  private last = "";
  private rest = "";
  private readonly complaints: string[] = [];

  /** @param title what is built, at the start of each line */
  constructor(private readonly title: string) {}

  /** How many packages the build is made of. */
  expect(total: number): void {
    this.total = total;
  }

  /** Takes a piece of the output: `go: downloading MODULE VERSION`, a package as it is compiled, or a complaint. */
  read(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("go: downloading ")) {
        this.downloaded++;
        this.last = line.slice("go: downloading ".length);
      } else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) {
        this.compiled++;
        this.last = line;
      } else if (line.trim() !== "" && !line.startsWith("#")) this.complaints.push(line.trim());
    }
  }

  /** One line for the user; it changes at least with the time. */
  line(now = Date.now()): string {
    const seconds = Math.floor((now - this.started) / 1000);
    const elapsed = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    // Go reports neither packages that it has from an earlier build, nor the last step, linking.
    const step =
      this.total === 0
        ? `${this.downloaded} modules fetched`
        : `${this.compiled} of at most ${this.total} packages compiled`;
    return `${this.title}: ${step}, ${elapsed}${this.last === "" ? "" : ` (${this.last})`}`;
  }

  percent(): number {
    return this.total === 0 ? 0 : Math.min(99, Math.floor((100 * this.compiled) / this.total));
  }

  /** Everything that was neither a download nor a package. */
  errors(): string[] {
    return [...this.complaints, ...(this.rest.trim() === "" ? [] : [this.rest.trim()])];
  }
}

/** The first release that can fetch another one by itself. */
const OLDEST = { major: 1, minor: 21 };
/** Where Go is installed without being on every PATH (sudo has one of its own). */
const FOLDERS = ["/usr/local/go/bin", "/usr/lib/go/bin", "/usr/local/bin", "/usr/bin"];

/** Path of the `go` command, or an error that says why it is needed and how to get it. */
export async function requireGo(what: string): Promise<string> {
  const folders = [...(process.env.PATH ?? "").split(":").filter((folder) => folder !== ""), ...FOLDERS];
  const go = folders.map((folder) => path.join(folder, "go")).find((file) => fs.existsSync(file));
  const version =
    go === undefined ? undefined : (await execa(go, ["version"], { env: { GOTOOLCHAIN: "local" } })).stdout;
  const problem = goProblem(version, what);
  if (problem !== undefined || go === undefined) throw problem ?? new Error("no go");
  return go;
}

/** What is wrong with the Go that is installed, by the text of `go version`; undefined if nothing is. */
export function goProblem(version: string | undefined, what: string): LabError | undefined {
  const cure =
    "install Go 1.21 or newer (apt-get install golang-go where it is new enough, or go.dev/dl), then run this again";
  if (version === undefined) return new LabError(`the lab builds ${what} from source, and Go is not installed`, cure);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(version) ?? [];
  const number = major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
  if (number && (number.major > OLDEST.major || (number.major === OLDEST.major && number.minor >= OLDEST.minor)))
    return undefined;
  return new LabError(`the lab builds ${what} from source, and the Go here is too old (${version.trim()})`, cure);
}

/**
 * Surroundings of a build: the exact release, one kind of processor, no C compiler, nothing that the user's own Go settings would
 * change in the result. Where modules come from and where Go keeps its caches stays the user's.
 */
export function goEnvironment(own: NodeJS.ProcessEnv, release: string, temporary: string): NodeJS.ProcessEnv {
  return {
    ...own,
    GOTOOLCHAIN: `go${release}`,
    GOOS: "linux",
    GOARCH: "amd64",
    GOAMD64: "v1",
    CGO_ENABLED: "0",
    GOFLAGS: "",
    GOEXPERIMENT: "",
    GODEBUG: "",
    GOFIPS140: "off",
    GOWORK: "off",
    GOTMPDIR: temporary,
    HOME: own.HOME ?? "/root",
  };
}
