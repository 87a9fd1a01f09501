import { existsSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";

/** The lab's own program, as a process: the two know nothing of each other but the command line. */
const LAB = join(__dirname, "..", "lab", "vipstack-lab.js");

/** A lab's machine in the output of `vipstack-lab status --json`. */
export interface LabMachine {
  readonly name: string;
  readonly state: string;
}

export function lab(words: readonly string[], options: execa.Options = {}): execa.ExecaChildProcess {
  return execa("node", [LAB, ...words], options);
}

/** The machines of a lab; undefined where the lab itself is not running. */
export async function labMachines(directory: string): Promise<LabMachine[] | undefined> {
  if (!existsSync(directory)) return undefined;
  const { stdout, exitCode } = await lab(["status", "--json", "--dir", directory], { reject: false });
  if (exitCode !== 0) return undefined;
  const status = JSON.parse(stdout) as { running: boolean; machines: LabMachine[] };
  return status.running ? status.machines : undefined;
}
