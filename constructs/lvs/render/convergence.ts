import { secondsOf } from "../../private/duration";

/** One step of a change on its way. */
export interface Hop {
  /** What happens in this step. */
  readonly name: string;
  /** Time on an idle system, a Go duration. */
  readonly usual: string;
  /** Time at worst, a Go duration. */
  readonly worst: string;
  /** Setting that decides the time. */
  readonly from: string;
}

/** The content of the table. */
export interface Convergence {
  readonly scaleOut: readonly Hop[];
  readonly scaleIn: readonly Hop[];
  readonly failure: readonly Hop[];
  readonly lag: string;
  readonly shutdownDelay: string;
  readonly openConnections: string;
  readonly sufficient: boolean;
  readonly leastShutdownDelay: string;
}

/** The budget of a service as a human-readable table. */
export function renderConvergence(service: string, budget: Convergence): string {
  const rows = [
    ...section("scale-out: start to first request", budget.scaleOut),
    ...section("scale-in: leaving to last new request", budget.scaleIn),
    ...section("failure: last answer to last new request", budget.failure),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = ([name = "", ordinary = "", most = "", from = ""]: readonly string[]): string =>
    `${name.padEnd(widths[0] ?? 0)}  ${ordinary.padStart(widths[1] ?? 0)}  ${most.padStart(widths[2] ?? 0)}  ${from}`.trimEnd();
  const verdict = budget.sufficient
    ? "enough: it serves until it gets no new requests"
    : `TOO SHORT: use ${budget.leastShutdownDelay} or more`;
  return [
    `convergence of ${service}`,
    "",
    ...rows.map(line),
    "",
    `shutdown delay ${budget.shutdownDelay} against ${budget.lag}: ${verdict}`,
    `open connections have up to ${budget.openConnections} to end`,
    "",
  ].join("\n");
}

function section(title: string, hops: readonly Hop[]): string[][] {
  return [
    [title, "usual", "at worst", "from"],
    ...hops.map(({ name, usual: each, worst: most, from }) => [
      `  ${name}`,
      seconds(secondsOf(each)),
      seconds(secondsOf(most)),
      from,
    ]),
    ["  in all", seconds(usual(hops)), seconds(worst(hops))],
  ];
}

/** Seconds of all hops. */
export function usual(hops: readonly Hop[]): number {
  return hops.reduce((sum, hop) => sum + secondsOf(hop.usual), 0);
}

/** Seconds of all hops at worst. */
export function worst(hops: readonly Hop[]): number {
  return hops.reduce((sum, hop) => sum + secondsOf(hop.worst), 0);
}

/** Seconds as text. Tenths are as exact as it gets. */
export function seconds(value: number): string {
  return `${Math.round(value * 10) / 10}s`;
}
