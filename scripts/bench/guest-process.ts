import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Linux counts a process's time in these, on every processor. */
const TICKS_A_SECOND = 100;

/** The processes of the host that are one machine of a lab. */
export class GuestProcess {
  static of(labDirectory: string, machine: string): GuestProcess {
    const lab = readFileSync(join(labDirectory, "ssh_config"), "utf8");
    const id = /vipstack[-/]([0-9a-f]{8})/.exec(lab)?.[1] ?? "unknown";
    const found = statistics().find(({ pid, session }) => {
      return pid === session && commandLine(pid).includes(`/${id}/uml/${machine}/machine/cow`);
    });
    if (found === undefined) throw new Error(`no process of this host is the machine ${machine} of ${labDirectory}`);
    return new GuestProcess(found.pid);
  }

  /** @param session of the machine's first process; all others of it are in its session */
  private constructor(private readonly session: number) {}

  /** User and system time, those of processes that have ended included. */
  get processorMilliseconds(): number {
    const ticks = statistics().filter(({ session }) => session === this.session);
    return (ticks.reduce((sum, each) => sum + each.ticks, 0) * 1000) / TICKS_A_SECOND;
  }

  /** Processes that the machine consists of now. */
  get pids(): number[] {
    return statistics().flatMap(({ pid, session }) => (session === this.session ? [pid] : []));
  }
}

/** For how many milliseconds each process could have run since it began, while the host ran another one. */
export function processorWaits(pids: readonly number[]): Map<number, number> {
  return new Map(
    pids.flatMap((pid) => {
      const waited = waitOf(pid);
      return waited === undefined ? [] : [[pid, waited] as const];
    }),
  );
}

/** Milliseconds; absent where the process has ended, or the kernel doesn't count them. */
function waitOf(pid: number): number | undefined {
  const [, waited] = textOf(`/proc/${pid}/schedstat`).split(" ");
  return waited === undefined ? undefined : Number(waited) / 1e6;
}

interface Statistics {
  readonly pid: number;
  readonly session: number;
  readonly ticks: number;
}

function statistics(): Statistics[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const text = textOf(`/proc/${pid}/stat`);
    return text === "" ? [] : [statisticsOf(text)];
  });
}

/** Reads the text of /proc/PID/stat; the command's name may hold blanks and brackets itself. */
export function statisticsOf(text: string): Statistics {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid: Number.parseInt(text, 10), session: Number(fields[3]), ticks };
}

function commandLine(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`);
}

/** Empty where the process has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
