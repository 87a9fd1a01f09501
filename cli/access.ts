import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { MachineAccess } from "../constructs/machine";

const execute = promisify(execFile);

/** The command line that runs something on a machine. */
function accessCommand(access: MachineAccess, machine: string): [program: string, ...words: string[]] {
  if (access.kind === "orbstack") return ["orb", "-m", machine, "-u", "root"];
  return [
    "ssh",
    ...(access.sshConfigFile === undefined ? [] : ["-F", access.sshConfigFile]),
    "-o",
    "BatchMode=yes",
    machine,
  ];
}

/** Runs a command on a machine and returns what it printed. */
export async function runOn(access: MachineAccess, machine: string, command: string): Promise<string> {
  const [program, ...words] = accessCommand(access, machine);
  const { stdout } = await execute(program, [...words, command]);
  return stdout;
}
