import * as fs from "fs";
import * as path from "path";
import { LabError } from "../errors";
import { abortable, type Progress, tellWaiting } from "../events";
import { cacheFolder, sha256Of, withLock, workFolder } from "../files";
import { type Artefact, artefactFile, artefactNamed, artefactTitle, isOpenSource } from "./catalogue";
import { buildArtefact, requireGo } from "./go-build";
import { addedProgram, addedPrograms, BRINGABLE, type ProgramFile, switchedProgram, switchOf } from "./program-files";
import { cachedRelease, fetchRelease, NotReached, releaseProblem, releaseUrl } from "./releases";

/** Where a program is, or would come from; in the order in which they are asked. */
export type Source = "variable" | "added" | "cache" | "release" | "build";

/** The result of {@link findArtefact}. */
export type Finding =
  | { readonly source: "variable" | "added" | "cache"; readonly program: ProgramFile }
  | { readonly source: "release" | "build" }
  | { readonly source: undefined; readonly problem: LabError };

/** {@link prepareProgram} of `NAME` or `NAME@VERSION`. */
export async function prepareArtefact(wanted: string, progress: Progress): Promise<ProgramFile> {
  return prepareProgram(artefactNamed(wanted), progress);
}

/**
 * A program on this host: a file that the user brought, else the cached one, else the vendor's release, else a build.
 *
 * @throws LabError where none of these gives it
 */
export async function prepareProgram(artefact: Artefact, progress: Progress): Promise<ProgramFile> {
  const there = await programHere(artefact);
  if (there) return there.program;
  const file = cachedFile(artefact);
  const { name } = artefact;
  let waited = (): void => undefined;
  return withLock(
    `${file}.lock`,
    async () => {
      waited();
      const meanwhile = await programHere(artefact); // another process may have made it meanwhile
      if (meanwhile) return meanwhile.program;
      if (fs.existsSync(file)) {
        const damage = await damageOf(file, artefact.build?.sha256);
        progress.tell(null, "software", `${name} in the cache is not used: ${damage ?? "it was not made by the lab"}`);
      }
      const reasons: string[] = [];
      if (artefact.release) {
        const zip = { sha256: artefact.release.amd64, pinnedBy: "the lab's catalogue" };
        try {
          return await abortable(`fetching ${name}`, (signal) => fetchRelease(artefact, zip, progress, signal));
        } catch (error) {
          if (!(error instanceof NotReached)) throw error;
          reasons.push(error.message);
        }
      }
      if (artefact.build === undefined) throw nowhere(artefact, reasons);
      for (const reason of reasons) progress.tell(null, "software", `${reason}: ${name} is built instead`);
      await abortable(`building ${name}`, (signal) => build(artefact, file, progress, signal));
      return { file, sha256: artefact.build.sha256 };
    },
    () => {
      waited = tellWaiting(progress, `another process is making ${name}`);
    },
  );
}

/** Whether and from where a program is available. Nothing is fetched or built; the vendor's site is asked one short question. */
export async function findArtefact(artefact: Artefact): Promise<Finding> {
  try {
    const there = await programHere(artefact);
    if (there) return there;
    const reasons: string[] = [];
    if (artefact.release) {
      const reason = await releaseProblem(artefact);
      if (reason === undefined) return { source: "release" };
      reasons.push(reason);
    }
    if (artefact.build === undefined) throw nowhere(artefact, reasons);
    await requireGo(artefact.name);
    return { source: "build" };
  } catch (error) {
    if (error instanceof LabError) return { source: undefined, problem: error };
    throw error;
  }
}

/** Fails early, with all of them in one message, where programs are not available. @param wanted `NAME` or `NAME@VERSION` */
export async function requireArtefacts(wanted: readonly string[]): Promise<void> {
  const findings = await Promise.all(wanted.map((one) => findArtefact(artefactNamed(one))));
  const problems = findings.flatMap((finding) => (finding.source === undefined ? [finding.problem] : []));
  const [first] = problems;
  if (first === undefined) return;
  throw new LabError(
    problems.map(({ message }) => message).join("\n"),
    [...new Set(problems.map(({ cure }) => cure))].join("\n  and: "),
  );
}

async function programHere(
  artefact: Artefact,
): Promise<Exclude<Finding, { source: "release" | "build" | undefined }> | undefined> {
  const switched = await switchedProgram(artefact);
  if (switched) return { source: "variable", program: switched };
  const added = await addedProgram(artefact);
  if (added) return { source: "added", program: added };
  const cached = await cachedProgram(artefact);
  return cached && { source: "cache", program: cached };
}

/** The fetched or built program, where it is undamaged. */
export async function cachedProgram(artefact: Artefact): Promise<ProgramFile | undefined> {
  const file = cachedFile(artefact);
  const sha256 = artefact.build?.sha256;
  if (sha256 !== undefined && (await damageOf(file, sha256)) === undefined) return { file, sha256 };
  return cachedRelease(artefact);
}

/** The path of an artefact that was fetched or built. */
export function cachedFile(artefact: Artefact): string {
  return path.join(cacheFolder("artefacts"), artefactFile(artefact));
}

/** What is wrong with a cached file; undefined if nothing is. */
export async function damageOf(file: string, sha256: string | undefined): Promise<string | undefined> {
  if (!fs.existsSync(file)) return "it is not there";
  const found = await sha256Of(file);
  return found === sha256 ? undefined : `its sha256 is ${found}`;
}

function nowhere(artefact: Artefact, reasons: readonly string[]): LabError {
  const { name, version } = artefact;
  const others = addedPrograms().filter((one) => one.artefact.name === name);
  const added =
    others.length === 0
      ? "no file was added"
      : `only ${others.map((one) => one.artefact.version).join(", ")} was added`;
  const site = reasons.length === 0 ? ["no sum of a release is known"] : reasons;
  const get = artefact.release === undefined ? `, or vipstack-lab program get ${name} ${version} --sha256 SUM` : "";
  return new LabError(
    `${artefactTitle(artefact)} is in none of its sources: ${[added, "not in the cache", ...site].join(", ")}`,
    `vipstack-lab program add ${name} FILE (a ${name} ${version} for Linux on x86_64, or the vendor's zip of it)${get}`,
  );
}

async function build(artefact: Artefact, file: string, progress: Progress, signal: AbortSignal): Promise<void> {
  const started = Date.now();
  const { name, version, build: plan } = artefact;
  const work = workFolder(path.dirname(file), name);
  try {
    const built = await buildArtefact(artefact, { work, progress, signal });
    const found = await sha256Of(built);
    if (found !== plan?.sha256) {
      throw new LabError(
        `${name} ${version} was built with sha256 ${found}, expected ${plan?.sha256 ?? "another"}`,
        `the Go that is installed here was modified: put another release (1.21 or newer) first on the PATH, it fetches go${plan?.go ?? ""} itself`,
      );
    }
    fs.chmodSync(built, 0o755);
    fs.rmSync(`${file}.json`, { force: true }); // of a release that lay here
    fs.renameSync(built, file);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  progress.tell(null, "software", `${name} ${version} built in ${seconds} s, kept in ${file}`, 100);
}

/** One program in `program check --json`. */
export interface ProgramCheck {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier; null where the catalogue doesn't list the version. */
  readonly licence: string | null;
  /** Whether that licence is known to be an open source one. */
  readonly openSource: boolean;
  readonly available: boolean;
  /** Where it is, or would come from; null where it is not available. */
  readonly source: Source | null;
  /** Where from, in words. */
  readonly from?: string;
  /** Why it is not available. */
  readonly why?: string;
  /** The words after `vipstack-lab` that bring it in. */
  readonly cure?: string;
}

/** Whether programs are available. Nothing is fetched or built. */
export async function checkPrograms(artefacts: readonly Artefact[]): Promise<ProgramCheck[]> {
  // Side by side: where the vendor's site is not reached, all wait for it at once.
  return Promise.all(artefacts.map(async (artefact) => checkOf(artefact, await findArtefact(artefact))));
}

function checkOf(artefact: Artefact, finding: Finding): ProgramCheck {
  const { name, version, licence } = artefact;
  const common = { name, version, licence: licence ?? null, openSource: isOpenSource(artefact) };
  if (finding.source === undefined) {
    const cure = BRINGABLE.includes(name) ? { cure: `program add ${name} FILE` } : {};
    return { ...common, available: false, source: null, why: finding.problem.message, ...cure };
  }
  return { ...common, available: true, source: finding.source, from: WORDS[finding.source](artefact) };
}

const WORDS: Readonly<Record<Source, (artefact: Artefact) => string>> = {
  variable: ({ name }) => `the file that ${switchOf(name)} names`,
  added: () => "a file that was added",
  cache: () => "in the cache",
  release: (artefact) => `fetched from ${releaseUrl(artefact)} when it is needed`,
  build: () => "built from its Go modules when it is needed",
};

/** As a line for the user. */
export function checkLine(artefact: Artefact, { from, why, cure }: ProgramCheck): string {
  if (from !== undefined) return `${artefactTitle(artefact)}: ${from}`;
  return `${why ?? ""}${cure === undefined ? "" : ` (vipstack-lab ${cure})`}`;
}
