import execa from "execa";
import { DeploymentDescription } from "../constructs/deployment";

/** Runs a command on a machine as root, by whatever its backend uses, and returns what it printed. */
export async function runOn(
  { machines }: Pick<DeploymentDescription, "machines">,
  machine: string,
  command: string,
): Promise<string> {
  const shell = machines.find(({ name }) => name === machine)?.shell;
  if (shell === undefined) throw new Error(`there is no machine '${machine}'`);
  const options = { shell: true, input: `${command}\n`, env: shell.environment, stripFinalNewline: false } as const;
  const { stdout } = await execa(shell.command, options);
  return stdout;
}
