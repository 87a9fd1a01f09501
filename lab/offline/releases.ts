import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { LabError } from "../errors";
import type { Progress } from "../events";
import { cacheFolder, readIfThere, sha256Of, workFolder, writeAtomically } from "../files";
import { type Artefact, artefactFile, artefactOf, artefactTitle } from "./catalogue";
import { BRINGABLE, extractProgram, type ProgramFile, versionOf } from "./program-files";

const TELL_EVERY_MS = 5_000;
/** What is remembered of a release: its zip is not kept. */
interface Sidecar {
  readonly sha256: string;
  readonly url: string;
  readonly zip: string;
}

/** A vendor's zip at its site, or at a mirror with the same folders (`VIPSTACK_RELEASES`). */
export function releaseUrl({ name, version }: Artefact): string {
  const base = (process.env.VIPSTACK_RELEASES ?? "https://releases.hashicorp.com").replace(/\/+$/, "");
  return `${base}/${name}/${version}/${name}_${version}_linux_amd64.zip`;
}

/** The cached release of an artefact; undefined where there is none, or it is not what was fetched. */
export async function cachedRelease(artefact: Artefact): Promise<ProgramFile | undefined> {
  const file = path.join(cacheFolder("artefacts"), artefactFile(artefact));
  const text = readIfThere(`${file}.json`);
  if (text === undefined || !fs.existsSync(file)) return undefined;
  const { sha256 } = JSON.parse(text) as Sidecar;
  return (await sha256Of(file)) === sha256 ? { file, sha256 } : undefined;
}

/** Where a cached release was fetched from. */
export function releaseOrigin(file: string): string | undefined {
  const text = readIfThere(`${file}.json`);
  return text === undefined ? undefined : (JSON.parse(text) as Sidecar).url;
}

/** Releases in the cache. */
export function cachedReleases(): Artefact[] {
  const folder = cacheFolder("artefacts");
  if (!fs.existsSync(folder)) return [];
  const files = fs.readdirSync(folder).filter((entry) => entry.endsWith(".json"));
  return files.sort().flatMap((entry) => {
    const [name = "", version = ""] = entry.slice(0, -".json".length).split("_");
    return BRINGABLE.includes(name) ? [artefactOf(name, version)] : [];
  });
}

/** Removes cached releases of that name. @param version @default - all of them */
export function removeReleases(name: string, version?: string): Artefact[] {
  const removed = cachedReleases().filter((one) => one.name === name && (version ?? one.version) === one.version);
  for (const artefact of removed) {
    const file = path.join(cacheFolder("artefacts"), artefactFile(artefact));
    for (const each of [file, `${file}.json`]) fs.rmSync(each, { force: true });
  }
  return removed;
}

/** Why the vendor's site doesn't give an artefact's release; undefined where it does. One short question. */
export async function releaseProblem(artefact: Artefact): Promise<string | undefined> {
  return siteProblem(releaseUrl(artefact), { file: true });
}

/**
 * Fetches the vendor's zip, compares its sum, and keeps the program that is in it.
 *
 * @param zip hexadecimal SHA-256 that the zip must have
 * @throws NotReached where the site doesn't give it; LabError where it gives something else
 */
export async function fetchRelease(
  artefact: Artefact,
  zip: { readonly sha256: string; readonly pinnedBy: string },
  progress: Progress,
  signal?: AbortSignal,
): Promise<ProgramFile> {
  const { name, version } = artefact;
  const url = releaseUrl(artefact);
  const folder = cacheFolder("artefacts");
  const target = path.join(folder, artefactFile(artefact));
  const work = workFolder(folder, name);
  const archive = path.join(work, path.basename(url));
  progress.tell(null, "software", `fetching ${artefactTitle(artefact)} from ${url}`);
  const timer = setInterval(() => {
    const size = fs.existsSync(archive) ? fs.statSync(archive).size : 0;
    progress.tell(null, "software", `fetching ${name} ${version}: ${(size / 1e6).toFixed(0)} MB`);
  }, TELL_EVERY_MS);
  try {
    await download(url, archive, signal);
    const found = await sha256Of(archive);
    if (found !== zip.sha256.toLowerCase()) {
      throw new LabError(
        `${url} has sha256 ${found}, expected ${zip.sha256} (${zip.pinnedBy}): it was damaged on its way, or the file there was replaced`,
        `run this again; if the sum stays, don't use that file, but one that you trust: vipstack-lab program add ${name} FILE`,
      );
    }
    const program = path.join(work, name);
    await extractProgram(name, archive, program);
    const told = await versionOf(name, program, url);
    if (told !== version) {
      throw new LabError(
        `${url} holds ${name} ${told}, not ${version}`,
        `ask for the version that it is: vipstack-lab program get ${name} ${told} --sha256 SUM`,
      );
    }
    const sha256 = await sha256Of(program);
    writeAtomically(`${target}.json`, `${JSON.stringify({ sha256, url, zip: found } satisfies Sidecar)}\n`);
    fs.renameSync(program, target);
    progress.tell(null, "software", `${name} ${version} is kept in ${target}`);
    return { file: target, sha256 };
  } finally {
    clearInterval(timer);
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** How long a site may take to answer at all; after that the next source is taken. */
const ANSWER_LIMIT_S = 5;
/** A download that stands still for so long counts as lost. */
const STALL_LIMIT_S = 30;
/** Curl's word for an answer of 400 and above. */
const HTTP_ERROR = 22;

/** A site could not give what was asked; another source may. */
export class NotReached extends Error {}

/** Fetches a file. @throws NotReached */
export async function download(url: string, file: string, signal?: AbortSignal): Promise<void> {
  const limits = ["--connect-timeout", String(ANSWER_LIMIT_S), "--speed-limit", "1", "--speed-time"];
  await curl(url, ["--fail", ...limits, String(STALL_LIMIT_S), "--output", file], signal);
}

/**
 * Why a site is not reached; undefined where it answers. One short question.
 *
 * @param options.file whether its answer must be that it has the file. @default false
 */
export async function siteProblem(url: string, options: { file?: boolean } = {}): Promise<string | undefined> {
  const words = ["--head", "--output", "/dev/null", "--max-time", String(ANSWER_LIMIT_S)];
  try {
    await curl(url, [...(options.file ? ["--fail"] : []), ...words]);
    return undefined;
  } catch (error) {
    if (error instanceof NotReached) return error.message;
    throw error;
  }
}

/** Curl, because it goes the way that this host goes: by its proxy, with its certificates. */
async function curl(url: string, words: readonly string[], signal?: AbortSignal): Promise<void> {
  const always = ["--silent", "--show-error", "--location"];
  const site = new URL(url).host;
  const child = execa("curl", [...always, ...words, url], { stdin: "ignore" });
  const stop = (): void => {
    child.kill();
  };
  signal?.addEventListener("abort", stop);
  try {
    await child;
  } catch (error) {
    const { exitCode, stderr = "", code } = error as { exitCode?: number; stderr?: string; code?: string };
    if (code === "ENOENT") throw new NotReached(`${site} not asked, as curl is not installed (apt-get install curl)`);
    const said = stderr.trim().split("\n").at(-1) ?? "";
    throw new NotReached(
      exitCode === HTTP_ERROR ? `${site} has no such file (${said})` : `${site} not reached (${said})`,
    );
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
