import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import execa from "execa";
import { GuestProcess } from "./guest-process";
import { Sample } from "./synth-candidates";

const PROGRAM = "guest.py";

/** What a guest does for one measurement. */
export interface Step {
  /** Content of files by their path. */
  readonly files: Readonly<Record<string, string>>;
  /** Shell text that is not measured, then the shell text that is. */
  readonly prepare: string;
  readonly run: string;
}

/** Time in the guest, the host's processor time for it, and what the commands printed. */
export interface Measurement extends Sample {
  readonly output: string;
}

/** A machine of a lab that carries out steps, over one connection, so that a step costs no login. */
export class Guest {
  /** @param labDirectory of the lab that runs the machine */
  static async open(labDirectory: string, machine: string): Promise<Guest> {
    const ssh = ["-F", join(labDirectory, "ssh_config"), machine];
    const file = `/run/${PROGRAM}`;
    await execa("ssh", [...ssh, `cat > ${file}`], { input: readFileSync(join(__dirname, PROGRAM), "utf8") });
    return new Guest(
      execa("ssh", [...ssh, "python3", file], { stderr: "inherit" }),
      GuestProcess.of(labDirectory, machine),
    );
  }

  private readonly answers: AsyncIterator<string, undefined>;

  private constructor(
    private readonly connection: execa.ExecaChildProcess,
    private readonly process: GuestProcess,
  ) {
    const { stdout } = connection;
    if (stdout === null) throw new Error("assumption broken: the output of ssh is a pipe");
    this.answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
    connection.catch(() => undefined); // its end is the end of the answers
  }

  /**
   * @param process whose processor time is measured; by default that of this machine
   * @throws Error where a command of the step fails
   */
  async measure(step: Step, process: GuestProcess = this.process): Promise<Measurement> {
    const ready = await this.ask(JSON.stringify(step));
    if (ready !== "ready") throw new Error(ready);
    const before = process.processorMilliseconds;
    const answer = await this.ask("go");
    const cpuMilliseconds = process.processorMilliseconds - before;
    const { seconds, output } = JSON.parse(answer) as { seconds?: number; output?: string };
    if (seconds === undefined || output === undefined) throw new Error(answer);
    return { milliseconds: seconds * 1000, cpuMilliseconds, output };
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
