import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { artefactOf, DEFAULTS } from "./artefact-catalogue";
import { codeOf, LabError, messageOf } from "./errors";
import { zipMembers } from "./zip";

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
export function extractProgram(name: string, file: string, target: string): void {
  const content = readable(file, () => fs.readFileSync(file));
  const program = fromZip(name, file, content) ?? content;
  checkFormat(file, program);
  fs.writeFileSync(target, program, { mode: 0o755 });
}

/** Fails for a file that is no program for the lab's machines. */
export function requireProgram(file: string): void {
  const header = Buffer.alloc(20);
  readable(file, () => {
    const opened = fs.openSync(file, "r");
    fs.readSync(opened, header);
    fs.closeSync(opened);
  });
  checkFormat(file, header);
}

function readable<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new LabError(`can't read ${file} (${codeOf(error) ?? messageOf(error)})`, "check the path");
  }
}

function checkFormat(file: string, content: Buffer): void {
  const wrong = wrongFormat(content);
  if (wrong === undefined) return;
  throw new LabError(
    `${file} ${wrong}; the lab's machines run Linux on x86_64`,
    "take the vendor's release for linux_amd64, or a build for it",
  );
}

function fromZip(name: string, file: string, content: Buffer): Buffer | undefined {
  const members = zipMembers(content);
  if (members === undefined) return undefined;
  const member = members.find((one) => path.basename(one.name) === name && !one.name.endsWith("/"));
  if (member === undefined) {
    throw new LabError(
      `${file} holds no program "${name}" (it holds ${members.map((one) => one.name).join(", ") || "nothing"})`,
      `take the vendor's release of ${name}, or the program itself`,
    );
  }
  try {
    return member.read();
  } catch (error) {
    throw new LabError(`${file} is a damaged zip: ${messageOf(error)}`, "fetch or copy it again");
  }
}

/** Why a content is no program for the lab's machines, in words that go on after its name; undefined where it is one. */
function wrongFormat(content: Buffer): string | undefined {
  if (APPLE.includes(content.toString("hex", 0, 4))) return "is a program for macOS";
  if (content.toString("latin1", 0, 4) !== "\x7fELF" || content.length < 20) return "is not a program for Linux";
  const machine = content.readUInt16LE(18);
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
