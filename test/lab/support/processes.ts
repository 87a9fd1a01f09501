import { readFileSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";

const LAB = join(__dirname, "..", "..", "..", "dist", "lab", "vipstack-lab.js");

/** The processes of a lab that runs: guests, proxies, forwards. */
export async function labProcesses(directory: string): Promise<number[]> {
  const { stdout } = await execa("node", [LAB, "status", "--json", "--dir", directory]);
  const { namespace } = JSON.parse(stdout) as { namespace: string };
  return processesNaming(`/run/vipstack/${namespace.replace("vipstack-", "")}/`);
}

/** Every process with that text in its command line. */
export async function processesNaming(text: string): Promise<number[]> {
  const { stdout } = await execa("pgrep", ["-f", text], { reject: false });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

/** Whether a process runs; one that has ended but was not waited for yet does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** What a host that goes down does to processes. */
export function killAll(processes: readonly number[]): void {
  for (const pid of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It went with its parent.
    }
  }
}
