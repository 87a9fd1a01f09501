import type { RemovalSteps } from "./contribution";
import type { MachineFile } from "./machine-file";
import { PROGRAM_FOLDER } from "./program";
import { shellQuote } from "./render/shell";

/** Program on a machine that runs before it is removed or made anew. */
export const FAREWELL_PROGRAM = `${PROGRAM_FOLDER}/before-removal`;

/** Directors and gateways that follow Consul need 9.5 s at worst, as ConvergenceBudget computes it. */
const NOTICED_SECONDS = 10;

/** The commands of all steps, in order. */
export function farewellCommands({ withdraw = [], stop = [] }: RemovalSteps): string[] {
  return [...withdraw, ...(withdraw.length > 0 ? [`sleep ${NOTICED_SECONDS}`] : []), ...stop];
}

/** That program. A command that fails does not keep the next ones from running. */
export function farewellProgram(commands: readonly string[]): MachineFile {
  const content = [
    "#!/bin/sh",
    "# Runs before this machine is removed or made anew: what it serves ends without a lost request.",
    ...commands,
  ];
  return { path: FAREWELL_PROGRAM, content: `${content.join("\n")}\n`, mode: "0755" };
}

/**
 * Command of a destroy provisioner that runs shell text on a machine. Where everything is removed nothing has to go on, and a machine
 * that does not answer must not keep another one from being removed.
 *
 * @param shell runs the script on its standard input on the machine
 */
export function farewellCommand(shell: string, script: string, otherwise: string): string {
  return `[ "$VIPSTACK_DRAIN" = no ] || echo ${shellQuote(script)} | ${shell} || echo ${shellQuote(otherwise)} >&2`;
}
