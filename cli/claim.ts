import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "./errors";

/** The command that works on a program's deployment, as others see it. */
interface Claim {
  readonly command: string;
  readonly pid: number;
  /** When the process began, in the kernel's words: a process id alone is used again later. @default - a system without /proc */
  readonly began?: string;
  /** ISO time. */
  readonly since: string;
  /** Where it was typed. */
  readonly folder: string;
}

/**
 * Claims a program's deployment for this process: two commands that change it would tear its state.
 *
 * @param output the program's output folder
 * @returns function that gives it back. A claim of a process that is gone counts for nothing
 * @throws CliError that says which process has it
 */
export function claim(output: string, command: string): () => void {
  mkdirSync(output, { recursive: true });
  const file = join(output, ".vipstack-running");
  const { pid } = process;
  const own: Claim = { command, pid, began: beganOf(pid), since: new Date().toISOString(), folder: process.cwd() };
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(own), { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const other = readClaim(file);
    if (other !== undefined && runs(other)) throw claimedError(other);
    rmSync(file, { force: true });
  }
  return () => {
    rmSync(file, { force: true });
  };
}

function claimedError({ command, pid, since, folder }: Claim): CliError {
  const seconds = Math.round((Date.now() - Date.parse(since)) / 1000);
  return new CliError(
    `\`${command}\` of this program runs already: process ${pid}, since ${since} (${seconds} s), in ${folder}`,
    `wait until it has ended, or end it: kill -INT ${pid}`,
  );
}

function readClaim(file: string): Claim | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Claim;
  } catch {
    // Half written by a process that died, or just given back.
    return undefined;
  }
}

function runs({ pid, began }: Claim): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is another user's.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return began === beganOf(pid);
}

/** Field 22 of /proc/PID/stat. */
function beganOf(pid: number): string | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}
