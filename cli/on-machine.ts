import { CliError } from "./errors";
import { lab } from "./lab";
import { Login, quoted } from "./login";
import { chooseRunning, DeploymentOption, Running } from "./running";

export interface LogsOptions extends DeploymentOption {
  readonly console?: boolean;
  readonly journal?: boolean;
  readonly lines?: string;
}

/** A shell on a machine, with this terminal. */
export async function ssh(machine: string, options: DeploymentOption): Promise<void> {
  const running = await chooseRunning({ ...options, machine });
  if (running.lab !== undefined) return inLab(running, "ssh", [machine]);
  process.exitCode = await Login.to(running.deployment, machine).open();
}

/** Runs a command on a machine as root, each word as it is. */
export async function exec(machine: string, words: readonly string[], options: DeploymentOption): Promise<void> {
  const running = await chooseRunning({ ...options, machine });
  if (running.lab !== undefined) return inLab(running, "exec", [machine, "--", ...words]);
  process.exitCode = await Login.to(running.deployment, machine).show(words.map(quoted).join(" "));
}

/** What a machine has logged. */
export async function logs(machine: string, options: LogsOptions): Promise<void> {
  const running = await chooseRunning({ deployment: options.deployment, machine });
  const { console: fromConsole = false, journal = false, lines = "50" } = options;
  if (!/^[1-9]\d{0,5}$/.test(lines)) throw new CliError(`--lines must be a number, got '${lines}'`, "for example 100");
  if (running.lab !== undefined) {
    const what = [...(fromConsole ? ["--console"] : []), ...(journal ? ["--journal"] : [])];
    return inLab(running, "logs", [machine, ...what, "--lines", lines]);
  }
  if (fromConsole) throw new CliError("only machines of a lab have a console that is kept", "leave out --console");
  process.exitCode = await Login.to(running.deployment, machine).show(
    journal ? `journalctl --no-pager -q -n ${lines}` : `tail -n ${lines} /var/log/cloud-init-output.log`,
  );
}

async function inLab({ lab: running }: Running, command: string, words: readonly string[]): Promise<void> {
  const [machine = "", ...rest] = words;
  // The folder comes first: what follows `--` is the machine's.
  const { exitCode } = await lab([command, "--dir", running?.dir ?? "", machine, ...rest], {
    stdio: "inherit",
    reject: false,
  });
  process.exitCode = exitCode;
}
