import { join } from "node:path";
import { DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { lab } from "./lab";
import type { Program } from "./program";

/** A forward whose port of this host is not free, in the output of `vipstack-lab ports --json`. */
export interface TakenForward {
  readonly listen: number;
  readonly to: string;
  readonly why: string;
}

/**
 * Looks before anything is made whether the ports that forwards need are free.
 *
 * @param ours whether the program is this project's, whose inventories and examples read the variables of {@link PORT_SETTINGS}
 */
export async function requirePorts(
  program: Program,
  deployments: readonly DeploymentDescription[],
  ours: boolean,
): Promise<void> {
  const taken: TakenForward[] = [];
  for (const { access, stack } of deployments) {
    if (access.labDirectory === undefined) continue;
    const file = join(program.stackFolder(stack), "lab.json");
    const { stdout, exitCode } = await lab(["ports", file, "--json", "--dir", access.labDirectory], { reject: false });
    // Where the lab's program can't look, its own start says why.
    if (exitCode === 0) taken.push(...(JSON.parse(stdout) as TakenForward[]));
  }
  if (taken.length > 0) throw portsError(taken, ours);
}

/** The variables that move the forwards of this project's programs, by the usual port. */
export const PORT_SETTINGS: Readonly<Record<number, string>> = {
  8080: "VIPSTACK_VIP_PORT",
  8500: "VIPSTACK_CONSUL_PORT",
  4646: "VIPSTACK_NOMAD_PORT",
  9080: "VIPSTACK_GATEWAY_PORT",
};

/** Which ports are taken, by what, and how to move each forward. */
export function portsError(
  taken: readonly TakenForward[],
  ours: boolean,
  environment: NodeJS.ProcessEnv = process.env,
): CliError {
  const lines = taken.map(
    ({ listen, to, why }) => `port ${listen} of this host, which leads to ${to}, is not free: ${why}`,
  );
  const moves = taken.map(({ listen, to }) => {
    const variable =
      Object.values(PORT_SETTINGS).find((name) => environment[name] === String(listen)) ??
      (ours ? PORT_SETTINGS[listen] : undefined);
    return variable === undefined
      ? `{ listen: OTHER, to: "${to}" } in 'forwards' of the inventory moves ${listen}`
      : `${variable}=OTHER moves ${listen}`;
  });
  return new CliError(lines.join("\n"), `end what has it, or choose another port: ${moves.join("; ")}`);
}
