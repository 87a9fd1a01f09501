import * as fs from "fs";
import * as path from "path";
import { type Artefact, artefactFile, artefactOf, artefactTitle } from "./artefact-catalogue";
import { cacheFolder, sha256Of, workFolder } from "./cache";
import { LabError } from "./errors";
import { withLock } from "./lock";
import { extractProgram, requireBringable, requireProgram, versionOf } from "./program-files";
import { writeAtomically } from "./state";

/** A program in a file, ready to be served. */
export interface ProgramFile {
  readonly file: string;
  readonly sha256: string;
}

/** A program that the user brought. */
export interface AddedProgram extends ProgramFile {
  readonly artefact: Artefact;
  /** The file that it was added from. */
  readonly from: string;
}

/** Keeps a program that the user has, or the vendor's zip of it, for every lab of this user. */
export async function addProgram(name: string, file: string): Promise<AddedProgram> {
  requireBringable(name);
  const folder = addedFolder();
  fs.mkdirSync(folder, { recursive: true });
  return withLock(path.join(folder, `.${name}.lock`), async () => {
    const work = workFolder(folder, name);
    try {
      const program = path.join(work, name);
      extractProgram(name, file, program);
      const artefact = artefactOf(name, await versionOf(name, program, file));
      const sha256 = await sha256Of(program);
      const from = path.resolve(file);
      const target = path.join(folder, artefactFile(artefact));
      writeAtomically(`${target}.json`, `${JSON.stringify({ name, version: artefact.version, sha256, from })}\n`);
      fs.renameSync(program, target);
      return { artefact, file: target, sha256, from };
    } finally {
      fs.rmSync(work, { recursive: true, force: true });
    }
  });
}

/** What the user has brought, as it was when it was added. */
export function addedPrograms(): AddedProgram[] {
  const folder = addedFolder();
  if (!fs.existsSync(folder)) return [];
  const descriptions = fs.readdirSync(folder).filter((entry) => entry.endsWith(".json"));
  return descriptions.sort().flatMap((entry) => {
    const file = path.join(folder, entry.slice(0, -".json".length));
    if (!fs.existsSync(file)) return [];
    const { name, version, sha256, from } = JSON.parse(fs.readFileSync(path.join(folder, entry), "utf8")) as {
      name: string;
      version: string;
      sha256: string;
      from: string;
    };
    return [{ artefact: artefactOf(name, version), file, sha256, from }];
  });
}

/** The added program of exactly that name and version. @throws LabError where its file is not what was added */
export async function addedProgram(artefact: Artefact): Promise<AddedProgram | undefined> {
  const found = addedPrograms().find((one) => artefactFile(one.artefact) === artefactFile(artefact));
  if (found === undefined) return undefined;
  const sha256 = await sha256Of(found.file);
  if (sha256 === found.sha256) return found;
  const { name, version } = artefact;
  throw new LabError(
    `the added ${artefactTitle(artefact)} was changed after it was added: ${found.file} has sha256 ${sha256}, it had ${found.sha256}`,
    `add it again (vipstack-lab program add ${name} FILE), or forget it (vipstack-lab program remove ${name} ${version})`,
  );
}

/** Forgets added programs of that name. @param version @default - all of them */
export function removeAdded(name: string, version?: string): Artefact[] {
  const removed = addedPrograms().filter(
    ({ artefact }) => artefact.name === name && (version === undefined || artefact.version === version),
  );
  for (const { file } of removed) for (const each of [file, `${file}.json`]) fs.rmSync(each, { force: true });
  return removed.map(({ artefact }) => artefact);
}

/** The variable that names a program's file for one run: `VIPSTACK_NOMAD`. */
export function switchOf(name: string): string {
  return `VIPSTACK_${name.toUpperCase().replace(/-/g, "_")}`;
}

/**
 * The program that an environment variable names for this run: it goes before everything else.
 *
 * @throws LabError where the variable names something else than what is wanted
 */
export async function switchedProgram(artefact: Artefact): Promise<ProgramFile | undefined> {
  const { name, version } = artefact;
  const given = process.env[switchOf(name)] ?? "";
  if (given === "" || artefact.archive || artefact.internal) return undefined;
  requireProgram(given);
  const found = await versionOf(name, path.resolve(given));
  if (found === version) return { file: path.resolve(given), sha256: await sha256Of(given) };
  throw new LabError(
    `${switchOf(name)} names ${given}, which is ${name} ${found}; the program asks for ${version}`,
    `name a ${name} ${version}, leave ${switchOf(name)} out, or ask for the other one in the program: Installation.release("${found}")`,
  );
}

function addedFolder(): string {
  return path.join(cacheFolder("artefacts"), "added");
}
