import { KEEPER_PERIOD } from "../packets";
import { durationOf, parseDuration, secondsOf } from "../private/duration";
import { Failure } from "../private/failure";
import { Hop, renderConvergence, seconds, usual, worst } from "./render/convergence";

/** How long the connections of a real server that left may go on, the default of a director. */
export const DRAIN_TIMEOUT = "60s";

/** Times that decide how fast a change of instances reaches the director that follows them. */
export interface ConvergenceProps {
  /** Interval of the service's check. @default "2s" */
  readonly checkInterval?: string;
  /** Timeout of the service's check. @default "3s" */
  readonly checkTimeout?: string;
  /** Bad answers in a row that make the check critical, 1 or more. @default 2 */
  readonly checkFailures?: number;
  /** Time without changes before consul-template renders, so that one change does not write ten files. @default "1s" */
  readonly templateWait?: string;
  /** Longest wait while changes continue. @default - four times {@link templateWait}, as in consul-template */
  readonly templateWaitMax?: string;
  /** Period in which the director restores its rules by itself, if the command after a render failed. @default "5s" */
  readonly keeperPeriod?: string;
  /** Time for which an instance serves after it was taken out of the catalog. @default "0s" */
  readonly shutdownDelay?: string;
  /** Time that the instance's task has to end after its kill signal. @default "5s" */
  readonly killTimeout?: string;
  /** Time for which the director keeps open connections of a real server that left. @default "60s" */
  readonly drainTimeout?: string;
}

/** A blocking query answers at once; this is for Nomad's own call and a busy machine. */
const CATALOG: Hop = { name: "catalog tells the director", usual: "100ms", worst: "500ms", from: "blocking query" };

/** The times of a hop, both in seconds. */
function times(usually: number, atWorst: number): Pick<Hop, "usual" | "worst"> {
  return { usual: durationOf(usually), worst: durationOf(atWorst) };
}

/**
 * Time that a change takes from Nomad to the rules of a director, hop by hop, computed from the properties of the job. It also tells
 * whether an instance serves long enough after it left.
 */
export class ConvergenceBudget {
  /** Hops from the start of an instance to its first request. */
  readonly scaleOut: readonly Hop[];
  /** Hops from the time when an instance leaves to the last new connection that it gets. */
  readonly scaleIn: readonly Hop[];
  /** Hops from the last good answer of an instance to the last new connection that it gets. */
  readonly failure: readonly Hop[];
  /** Worst case of {@link scaleIn} as a Go duration. A shutdown delay must cover it. */
  readonly lag: string;
  /** Time for which an instance serves after it was taken out of the catalog, as a Go duration. */
  readonly shutdownDelay: string;
  /** Time that open connections have to end after the instance left, at worst, as a Go duration. */
  readonly openConnections: string;

  constructor(props: ConvergenceProps = {}) {
    const interval = secondsOf(props.checkInterval ?? "2s");
    const timeout = secondsOf(props.checkTimeout ?? "3s");
    const wait = secondsOf(props.templateWait ?? "1s");
    const longest = props.templateWaitMax === undefined ? 4 * wait : secondsOf(props.templateWaitMax);
    const keeper = secondsOf(props.keeperPeriod ?? KEEPER_PERIOD);
    const known: Hop[] = [
      CATALOG,
      { name: "consul-template renders", ...times(wait, longest), from: "template wait" },
      { name: "rules are applied", ...times(Math.min(0.2, keeper), keeper), from: "keeper period" },
    ];
    const failures = props.checkFailures ?? 2;
    // Consul asks for the first time after a random part of the interval, and again an interval after each answer.
    const passes = { ...times(interval / 2, interval + timeout), from: "check interval, timeout" };
    const critical = {
      // A program that is gone refuses at once, one that hangs takes the whole timeout.
      ...times(interval * (failures - 0.5), failures * (interval + timeout)),
      from: `${failures} × check interval, timeout`,
    };
    this.scaleOut = [{ name: "first check passes", ...passes }, ...known];
    this.scaleIn = known;
    this.failure = [{ name: "check turns critical", ...critical }, ...known];
    this.lag = durationOf(worst(this.scaleIn));
    // Text that is no duration is an error of the job that has it.
    this.shutdownDelay = durationOf(secondsOf(props.shutdownDelay));
    this.openConnections = durationOf(
      Math.min(
        secondsOf(this.shutdownDelay) + secondsOf(props.killTimeout ?? "5s"),
        worst(this.scaleIn) + secondsOf(props.drainTimeout ?? DRAIN_TIMEOUT),
      ),
    );
  }

  /** Whether an instance serves until it gets no new requests. */
  get sufficient(): boolean {
    return secondsOf(this.shutdownDelay) >= secondsOf(this.lag);
  }

  /** The shortest shutdown delay that is enough, in whole seconds: `"10s"`. */
  get leastShutdownDelay(): string {
    return durationOf(Math.ceil(secondsOf(this.lag)));
  }

  /** The failure of a shutdown delay that is too short. @param property its name as the caller wrote it @param got the text that was given */
  failures(property: string, got: string | undefined): Failure[] {
    if (this.sufficient || (got !== undefined && parseDuration(got) === undefined)) return [];
    return [
      {
        property,
        rule: `must be at least the ${this.lag} that a director needs to notice it, or requests go to an instance that is gone`,
        got: got ?? "0s",
        cure: `use '${this.leastShutdownDelay}' or more`,
      },
    ];
  }

  /** Summary in one line: `scale-out 2.3s to 14.5s, scale-in 1.3s to 9.5s of the 10s shutdown delay`. */
  get summary(): string {
    const span = (hops: readonly Hop[]): string => `${seconds(usual(hops))} to ${seconds(worst(hops))}`;
    return `scale-out ${span(this.scaleOut)}, scale-in ${span(this.scaleIn)} of the ${this.shutdownDelay} shutdown delay`;
  }

  /** Human-readable table of all hops. @param service name of the service */
  table(service: string): string {
    return renderConvergence(service, this);
  }
}
