import { GuestProcess, processorWaits } from "./guest-process";
import { GuestProgram } from "./guest-program";
import { Evidence, HostInterval, Interval, Watched } from "./web-cases";

/** Between two looks of the host at a machine's processes. */
const HOST_MILLISECONDS = 100;
/** Looks after which processes that are new are found: a search costs more than a look. */
const SEARCH_EVERY = 10;
/** A tick of the guest's clock. */
const TICK_MILLISECONDS = 10;
/** How often both clocks are compared: the quickest answer tells most. */
const CLOCK_TRIES = 5;

/** One look of sampler.py, in its order. */
type Look = readonly [
  seconds: number,
  retransmissions: number,
  opens: number,
  squeezed: number,
  dropped: number,
  softirqTicks: number,
  waitedNanoseconds: number,
];

/** What was seen, by the host's clock. */
export interface Watching {
  readonly machine: Watched;
  readonly looks: readonly Look[];
  /** Milliseconds by which the machine's clock is ahead of the host's. */
  readonly ahead: number;
  readonly host: readonly HostInterval[];
}

/** Watches a machine of a lab: its kernel's counters from inside, and its processes from the host. */
export class Watch {
  static async open(labDirectory: string, machine: Watched): Promise<Watch> {
    const program = await GuestProgram.start(labDirectory, machine, "sampler.py");
    return new Watch(machine, program, GuestProcess.of(labDirectory, machine));
  }

  private ahead = 0;
  private pids: readonly number[] = [];
  private host: HostInterval[] = [];
  private timer?: NodeJS.Timeout;

  private constructor(
    private readonly machine: Watched,
    private readonly program: GuestProgram,
    private readonly process: GuestProcess,
  ) {}

  /** Compares the clocks, and finds the machine's processes. */
  async prepare(): Promise<void> {
    this.pids = this.process.pids;
    let quickest = Infinity;
    for (let attempt = 0; attempt < CLOCK_TRIES; attempt += 1) {
      const asked = Date.now();
      const clock = Number(await this.program.ask("clock")) * 1000;
      const took = Date.now() - asked;
      if (took >= quickest) continue;
      quickest = took;
      this.ahead = clock - (asked + took / 2);
    }
  }

  begin(): void {
    this.program.tell("start");
    this.host = [];
    let before = processorWaits(this.pids);
    let from = Date.now();
    let looks = 0;
    this.timer = setInterval(() => {
      looks += 1;
      if (looks % SEARCH_EVERY === 0) this.pids = this.process.pids;
      const [now, to] = [processorWaits(this.pids), Date.now()];
      let waited = 0;
      for (const [pid, value] of now) waited += value - (before.get(pid) ?? value);
      this.host.push({ from, to, waited });
      [before, from] = [now, to];
    }, HOST_MILLISECONDS);
  }

  async end(): Promise<Watching> {
    clearInterval(this.timer);
    const looks = JSON.parse(await this.program.ask("stop")) as Look[];
    return { machine: this.machine, looks, ahead: this.ahead, host: this.host };
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.program.close();
  }
}

/**
 * When the client began, by the host's clock: before the first look that finds more connections opened. A look comes every 50 ms.
 *
 * @throws Error where it opened none
 */
export function beginOf({ looks, ahead }: Watching): number {
  const first = looks.findIndex((look, index) => index > 0 && look[2] > (looks[index - 1]?.[2] ?? look[2]));
  const before = looks[first - 1];
  if (before === undefined) throw new Error("the client opened no connection while it was watched");
  return before[0] * 1000 - ahead;
}

/** @param begin of the client's first request, by the host's clock */
export function evidenceOf({ machine, looks, ahead, host }: Watching, begin: number): Evidence {
  const at = (seconds: number): number => round(seconds * 1000 - ahead - begin);
  const guest = looks.slice(1).map((look, index): Interval => {
    const before = looks[index] ?? look;
    return {
      from: at(before[0]),
      to: at(look[0]),
      retransmissions: look[1] - before[1],
      squeezed: look[3] - before[3],
      dropped: look[4] - before[4],
      softirq: (look[5] - before[5]) * TICK_MILLISECONDS,
      queued: round((look[6] - before[6]) / 1e6),
    };
  });
  const shifted = host.map(({ from, to, waited }) => ({
    from: round(from - begin),
    to: round(to - begin),
    waited: round(waited),
  }));
  return { machine, guest, host: shifted };
}

/** To a hundredth of a millisecond, so that files stay readable. */
function round(milliseconds: number): number {
  return Math.round(100 * milliseconds) / 100;
}
