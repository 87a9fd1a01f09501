import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { MachineFile } from "./machine-file";

/** The folder of this library's programs on a machine. */
export const PROGRAM_FOLDER = "/usr/local/lib/vipstack";

/** A program of this library, Python or shell, as a file for a machine. @param source its path */
export function nodeProgram(name: string, source: string): MachineFile {
  return { path: `${PROGRAM_FOLDER}/${name}`, content: textOf(source), mode: "0755" };
}

/** A Python module that programs beside it import; ship it before them. @param source its path; the module's name is its file's */
export function nodeModule(source: string): MachineFile {
  return { path: `${PROGRAM_FOLDER}/${basename(source)}`, content: textOf(source), mode: "0644" };
}

/** Every machine has the same few files, and asks for them several times at synth. */
const texts = new Map<string, string>();

function textOf(source: string): string {
  const text = texts.get(source) ?? readFileSync(source, "utf8");
  texts.set(source, text);
  return text;
}
