import { GuestProcess } from "./guest-process";
import { GuestProgram } from "./guest-program";
import { Sample } from "./sample";

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

export interface MeasureOptions {
  /** Whose processor time is measured. @default - that of the machine that carries out the step */
  readonly process?: GuestProcess;
  /** Called when everything is prepared, directly before it is measured. */
  readonly begin?: () => Promise<void> | void;
}

/** A machine of a lab that carries out steps, over one connection, so that a step costs no login. */
export class Guest {
  /** @param labDirectory of the lab that runs the machine */
  static async open(labDirectory: string, machine: string): Promise<Guest> {
    const program = await GuestProgram.start(labDirectory, machine, "guest.py");
    return new Guest(program, GuestProcess.of(labDirectory, machine));
  }

  private constructor(
    private readonly program: GuestProgram,
    private readonly process: GuestProcess,
  ) {}

  /**
   * @throws Error where a command of the step fails
   */
  async measure(step: Step, { process = this.process, begin }: MeasureOptions = {}): Promise<Measurement> {
    const ready = await this.program.ask(JSON.stringify(step));
    if (ready !== "ready") throw new Error(ready);
    await begin?.();
    const before = process.processorMilliseconds;
    const answer = await this.program.ask("go");
    const cpuMilliseconds = process.processorMilliseconds - before;
    const { seconds, output } = JSON.parse(answer) as { seconds?: number; output?: string };
    if (seconds === undefined || output === undefined) throw new Error(answer);
    return { milliseconds: seconds * 1000, cpuMilliseconds, output };
  }

  async close(): Promise<void> {
    await this.program.close();
  }
}
