import execa from "execa";
import type { LabState } from "./state";

/** What a command in a machine answered. */
export interface RemoteResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Arguments of ssh to reach a machine. */
export function sshArgs(state: LabState, name: string): string[] {
  return ["-F", state.file("ssh_config"), name];
}

/** Runs a shell script in a machine. Starting programs is slow there, so batch what belongs together into one script. */
export async function runScript(
  state: LabState,
  name: string,
  script: string,
  timeoutMs = 60_000,
): Promise<RemoteResult> {
  const result = await execa("ssh", [...sshArgs(state, name), "sh", "-s"], {
    input: script,
    reject: false,
    timeout: timeoutMs,
  });
  return { exitCode: exitCodeOf(result), stdout: result.stdout, stderr: result.stderr };
}

/** Runs a command in a machine with this process's own input and output; returns its exit code. */
export async function runInteractive(
  state: LabState,
  name: string,
  command: string[],
  quote: boolean,
): Promise<number> {
  const words = quote ? command.map(shellQuote) : command;
  const terminal = command.length > 0 && process.stdin.isTTY && process.stdout.isTTY ? ["-t"] : [];
  const result = await execa("ssh", [...terminal, ...sshArgs(state, name), ...words], {
    stdio: "inherit",
    reject: false,
  });
  return exitCodeOf(result);
}

/** A word as the shell of the machine must see it to pass it on unchanged. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}

function exitCodeOf(result: { exitCode?: number; failed: boolean }): number {
  return result.exitCode ?? (result.failed ? 255 : 0);
}
