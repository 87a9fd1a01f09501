import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import execa from "execa";
import { Step } from "./control-steps";
import { Sample } from "./synth-candidates";

const PROGRAM = "control-guest.py";

/** Linux counts a process's time in these, on every processor. */
const TICKS_A_SECOND = 100;

/** A machine of a lab that carries out steps, over one connection, so that a step costs no login. */
export class Guest {
  /** @param labDirectory of the lab that runs the machine */
  static async open(labDirectory: string, machine: string): Promise<Guest> {
    const ssh = ["-F", join(labDirectory, "ssh_config"), machine];
    const file = `/run/${PROGRAM}`;
    await execa("ssh", [...ssh, `cat > ${file}`], { input: readFileSync(join(__dirname, PROGRAM), "utf8") });
    return new Guest(
      execa("ssh", [...ssh, "python3", file], { stderr: "inherit" }),
      hostProcess(labDirectory, machine),
    );
  }

  private readonly answers: AsyncIterator<string, undefined>;

  private constructor(
    private readonly connection: execa.ExecaChildProcess,
    private readonly process: number,
  ) {
    const { stdout } = connection;
    if (stdout === null) throw new Error("assumption broken: the output of ssh is a pipe");
    this.answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
    connection.catch(() => undefined); // its end is the end of the answers
  }

  /** @throws Error where a command of the step fails */
  async measure(step: Step): Promise<Sample> {
    const ready = await this.ask(JSON.stringify(step));
    if (ready !== "ready") throw new Error(ready);
    const before = processorMilliseconds(this.process);
    const answer = await this.ask("go");
    const cpuMilliseconds = processorMilliseconds(this.process) - before;
    const { seconds } = JSON.parse(answer) as { seconds?: number };
    if (seconds === undefined) throw new Error(answer);
    return { milliseconds: seconds * 1000, cpuMilliseconds };
  }

  async close(): Promise<void> {
    this.connection.stdin?.end();
    await this.connection;
  }

  private async ask(line: string): Promise<string> {
    this.connection.stdin?.write(`${line}\n`);
    const answer: IteratorResult<string, undefined> = await this.answers.next();
    if (answer.done === true) throw new Error("the machine does not answer any more");
    return answer.value;
  }
}

/** The process of the host that is the machine; all others of it are in its session. */
function hostProcess(labDirectory: string, machine: string): number {
  const lab = readFileSync(join(labDirectory, "ssh_config"), "utf8");
  const id = /vipstack[-/]([0-9a-f]{8})/.exec(lab)?.[1] ?? "unknown";
  const found = statistics().find(({ pid, session }) => {
    return pid === session && commandLine(pid).includes(`/${id}/uml/${machine}/machine/cow`);
  });
  if (found === undefined) throw new Error(`no process of this host is the machine ${machine} of ${labDirectory}`);
  return found.pid;
}

/** User and system time of a session, those of its processes that have ended included. */
function processorMilliseconds(session: number): number {
  const ticks = statistics().filter((each) => each.session === session);
  return (ticks.reduce((sum, each) => sum + each.ticks, 0) * 1000) / TICKS_A_SECOND;
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
