import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { pipeline } from "stream/promises";
import { openPromise } from "yauzl";
import { codeOf, LabError, messageOf } from "../errors";
import { cacheFolder, sha256Of, withLock, workFolder, writeAtomically } from "../files";
import { type Artefact, artefactFile, artefactOf, artefactTitle, DEFAULTS } from "./catalogue";

/** A program in a file, ready to be served. */
export interface ProgramFile {
  readonly file: string;
  readonly sha256: string;
}

/** Processors, as an ELF header names them; the lab's machines have the first. */
const X86_64 = 62;
const OTHERS: Readonly<Record<number, string>> = { 3: "32-bit x86", 40: "32-bit arm", 183: "arm64", 243: "riscv64" };
/** What a Mach-O file starts with, for one processor or several. */
const APPLE = ["cffaedfe", "cefaedfe", "cafebabe"];
const RUN_LIMIT_MS = 20_000;

/** How each program is asked for its version, and its answer. */
const ASKED: Readonly<Record<string, { words: readonly string[]; answer: RegExp }>> = {
  consul: { words: ["version"], answer: /^Consul v(\S+)/m },
  nomad: { words: ["version"], answer: /^Nomad v(\S+)/m },
  "consul-template": { words: ["-version"], answer: /^consul-template v(\S+)/m },
};

/** Programs that a user can bring as a file. */
export const BRINGABLE: readonly string[] = Object.keys(ASKED);

/** Fails for a name under which no file can be brought. */
export function requireBringable(name: string): void {
  if (BRINGABLE.includes(name)) return;
  artefactOf(name); // the error for a name that is none
  throw new LabError(
    `${name} can't be brought as a file: the lab builds it itself`,
    `what can: ${BRINGABLE.join(", ")}`,
  );
}

/**
 * Puts the program that a file is, or holds as a zip, at `target`.
 *
 * @throws LabError where it is no program for the lab's machines
 */
export async function extractProgram(name: string, file: string, target: string): Promise<void> {
  const zipped = startOf(file).toString("latin1", 0, 2) === "PK";
  if (zipped) await unzip(name, file, target);
  else fs.copyFileSync(file, target);
  checkFormat(file, startOf(target));
  fs.chmodSync(target, 0o755);
}

/** Fails for a file that is no program for the lab's machines. */
function requireProgram(file: string): void {
  checkFormat(file, startOf(file));
}

/** As much of a file as tells what it is. */
function startOf(file: string): Buffer {
  try {
    const start = Buffer.alloc(20);
    const opened = fs.openSync(file, "r");
    try {
      return start.subarray(0, fs.readSync(opened, start));
    } finally {
      fs.closeSync(opened);
    }
  } catch (error) {
    throw new LabError(`can't read ${file} (${codeOf(error) ?? messageOf(error)})`, "check the path");
  }
}

function checkFormat(file: string, start: Buffer): void {
  const wrong = wrongFormat(start);
  if (wrong === undefined) return;
  throw new LabError(
    `${file} ${wrong}; the lab's machines run Linux on x86_64`,
    "take the vendor's release for linux_amd64, or a build for it",
  );
}

async function unzip(name: string, file: string, target: string): Promise<void> {
  try {
    const zip = await openPromise(file, { autoClose: false });
    try {
      const others: string[] = [];
      for await (const entry of zip.eachEntry()) {
        if (path.basename(entry.fileName) === name && !entry.fileName.endsWith("/")) {
          await pipeline(await zip.openReadStreamPromise(entry), fs.createWriteStream(target));
          return;
        }
        others.push(entry.fileName);
      }
      throw new LabError(
        `${file} holds no program "${name}" (it holds ${others.join(", ") || "nothing"})`,
        `take the vendor's release of ${name}, or the program itself`,
      );
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof LabError) throw error;
    throw new LabError(`${file} is a damaged zip: ${messageOf(error)}`, "fetch or copy it again");
  }
}

/** Why a file that starts so is no program for the lab's machines, in words that go on after its name; undefined where it is one. */
function wrongFormat(start: Buffer): string | undefined {
  if (APPLE.includes(start.toString("hex", 0, 4))) return "is a program for macOS";
  if (start.toString("latin1", 0, 4) !== "\x7fELF" || start.length < 20) return "is not a program for Linux";
  const machine = start.readUInt16LE(18);
  if (machine === X86_64) return undefined;
  return `is a program for ${OTHERS[machine] ?? `another processor (ELF machine ${machine})`}`;
}

/**
 * Runs a program to get its version.
 *
 * @param file what runs
 * @param called how the user knows it. @default - the same
 * @throws LabError where it is not that program
 */
export async function versionOf(name: string, file: string, called = file): Promise<string> {
  const { words = [], answer = /^$/ } = ASKED[name] ?? {};
  const { all = "", timedOut } = await execa(file, words, {
    all: true,
    reject: false,
    stdin: "ignore",
    timeout: RUN_LIMIT_MS,
    env: { CHECKPOINT_DISABLE: "1" },
  });
  const version = answer.exec(all)?.[1]?.replace(/[(),]+$/, "");
  if (version !== undefined) return version;
  const said = timedOut ? "nothing for 20 s" : `"${all.trim().split("\n")[0] ?? ""}"`;
  const other = BRINGABLE.find((one) => one !== name && ASKED[one]?.answer.test(all));
  throw new LabError(
    `${called} is not ${name}: asked for its version (${words.join(" ")}), it says ${said}`,
    other === undefined
      ? `give the program ${name} itself, or the vendor's zip of it (${titleOfDefault(name)} is what labs use by default)`
      : `it looks like ${other}: vipstack-lab program add ${other} ${called}`,
  );
}

function titleOfDefault(name: string): string {
  return DEFAULTS.filter((one) => one.name === name)
    .map(({ version }) => `${name} ${version}`)
    .join();
}

/** A program that the user brought. */
interface AddedProgram extends ProgramFile {
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
      await extractProgram(name, file, program);
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
