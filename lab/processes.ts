import { spawn } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { codeOf } from "./errors";
import { readIfThere, writeAtomically } from "./files";
import type { LabState } from "./state";

/** A process the lab started. A process id alone is not enough: the kernel reuses it for another process later. */
interface ProcessRecord {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks between boot and start. */
  readonly startTime: string;
  readonly bootId: string;
}

/** The parts of /proc/PID/stat that are needed here. */
interface ProcessStat {
  readonly state: string;
  readonly startTime: string;
  readonly session: number;
}

/** Reads the text of /proc/PID/stat; the command's name may hold blanks and brackets itself. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "?", startTime: fields[19] ?? "", session: Number(fields[3]) };
}

/** Whether exactly the recorded process is alive. A dead one that was not waited for is not. */
export function isAlive(record: ProcessRecord | undefined): boolean {
  const stat = record && statOf(record.pid);
  return (
    stat !== undefined &&
    record?.bootId === bootId() &&
    stat.startTime === record.startTime &&
    !"ZX".includes(stat.state)
  );
}

/** Starts a process in a session of its own (so its whole group can be ended) and records it under `name`. */
export function startRecorded(
  state: LabState,
  name: string,
  command: string[],
  options: { log: string; env?: NodeJS.ProcessEnv; cwd?: string },
): ProcessRecord {
  const [file, ...args] = command;
  if (file === undefined) throw new Error("no command");
  const log = fs.openSync(options.log, "a", 0o600);
  const child = spawn(file, args, {
    detached: true,
    stdio: ["ignore", log, log],
    env: withoutSecrets(options.env ?? process.env),
    cwd: options.cwd ?? "/",
  });
  fs.closeSync(log);
  child.on("error", () => undefined); // seen as "not alive" by the code that waits for it
  child.unref();
  const record = recordOf(child.pid ?? -1) ?? { pid: -1, startTime: "", bootId: bootId() };
  writeAtomically(recordFile(state, name), JSON.stringify(record) + "\n");
  return record;
}

/** What Terraform gives the commands that it runs holds every secret of its stack; a guest runs for long, and needs none. */
function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(TF_VAR|VIPSTACK_SECRET)_/.test(name)));
}

/** Record of a running process, for what is not started by `startRecorded`. */
export function recordOf(pid: number): ProcessRecord | undefined {
  const stat = statOf(pid);
  return stat && { pid, startTime: stat.startTime, bootId: bootId() };
}

export function readRecord(state: LabState, name: string): ProcessRecord | undefined {
  return parseRecord(readIfThere(recordFile(state, name)));
}

/** Seconds since a recorded process was started; undefined where it does not run. */
export function secondsUp(record: ProcessRecord | undefined): number | undefined {
  if (record === undefined || !isAlive(record)) return undefined;
  const host = Number(fs.readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return Math.round(host - Number(record.startTime) / TICKS_PER_SECOND);
}

/** Of the times in /proc/PID/stat; the same on all of Linux's processors that have user-mode Linux. */
const TICKS_PER_SECOND = 100;

/** Names of all recorded processes. */
export function recordedNames(state: LabState): string[] {
  try {
    return fs
      .readdirSync(state.run("processes"))
      .filter((file) => file.endsWith(".json"))
      .map((file) => path.basename(file, ".json"));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** Ends the recorded process with its group, waits until it is gone, and forgets it. A recycled process id is left alone. */
export async function endRecorded(state: LabState, name: string): Promise<void> {
  const record = readRecord(state, name);
  if (record && isAlive(record)) {
    signalGroup(record.pid, "SIGCONT"); // a frozen guest dies as well, but its parent sees it sooner
    signalGroup(record.pid, "SIGKILL");
    await until(() => !isAlive(record), 20, 5_000);
  }
  if (record) await endOrphans(state, record);
  fs.rmSync(recordFile(state, name), { force: true });
}

/** A guest whose kernel was killed leaves processes that hold its disk; the next kernel would panic. */
async function endOrphans(state: LabState, record: ProcessRecord): Promise<void> {
  const left = orphans(record, state.runDir);
  for (const pid of left) signal(pid, "SIGKILL");
  if (left.length > 0) await until(() => orphans(record, state.runDir).length === 0, 20, 5_000);
}

/**
 * Processes of a session whose recorded leader is dead. As long as one of them lives, the kernel gives the leader's id to no other process.
 *
 * @param mark text of their command lines; others are left alone
 */
export function orphans(record: ProcessRecord, mark: string): number[] {
  if (record.bootId !== bootId() || isAlive(record)) return [];
  return fs
    .readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      const stat = pid > 1 ? statOf(pid) : undefined;
      return stat?.session === record.pid && !"ZX".includes(stat.state) && commandLine(pid).includes(mark);
    });
}

function commandLine(pid: number): string {
  return readIfThere(`/proc/${pid}/cmdline`) ?? "";
}

/** Asks every `everyMs` whether something is so. @returns false where it is not after `limitMs` */
export async function until(
  condition: () => boolean | Promise<boolean>,
  everyMs: number,
  limitMs: number,
): Promise<boolean> {
  for (const deadline = Date.now() + limitMs; ;) {
    if (await condition()) return true;
    if (Date.now() > deadline) return false;
    await sleep(everyMs);
  }
}

/** Identity of this boot of the host; records of an earlier one name dead processes. */
export function bootId(): string {
  return readIfThere("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

/** Reads a record's text; anything unreadable is no record. */
export function parseRecord(text: string | undefined): ProcessRecord | undefined {
  try {
    const value = JSON.parse(text ?? "") as Partial<ProcessRecord>;
    return typeof value.pid === "number" && value.pid > 1 && typeof value.startTime === "string"
      ? { pid: value.pid, startTime: value.startTime, bootId: value.bootId ?? "" }
      : undefined;
  } catch {
    return undefined;
  }
}

function recordFile(state: LabState, name: string): string {
  return state.run("processes", `${name}.json`);
}

function statOf(pid: number): ProcessStat | undefined {
  try {
    return parseStat(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

function signalGroup(leader: number, name: NodeJS.Signals): void {
  signal(-leader, name);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}
