import { readFileSync } from "node:fs";
import { MachineFile } from "./contribution";

/** Where the programs of this library lie on a machine. */
export const PROGRAM_FOLDER = "/usr/local/lib/vipstack";

/** A Python program of this library, as a file for a machine. @param source path of its `.py` */
export function nodeProgram(name: string, source: string): MachineFile {
  return { path: `${PROGRAM_FOLDER}/${name}`, content: readFileSync(source, "utf8"), mode: "0755" };
}
