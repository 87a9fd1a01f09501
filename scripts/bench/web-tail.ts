import { summarize } from "./statistics";
import { Evidence, HostInterval, Interval, lengthOf, WebRequest, WebRun } from "./web-cases";

/** What is known of a request from what was counted while it ran. */
export interface Circumstances {
  readonly milliseconds: number;
  readonly setUp: number;
  readonly wait: number;
  readonly transfer: number;
  /** Segments that any of the machines sent again. */
  readonly retransmissions: number;
  /** Milliseconds in which the host let one of the machines wait for a processor, of all machines together. */
  readonly hostWaited: number;
  /** The same for a program of the machines that wakes every 50 ms, in the machine. */
  readonly queued: number;
  /** Milliseconds in softirqs, of all machines together. */
  readonly softirq: number;
  /** Rounds of the network's softirq that were cut short, and packets dropped before it. */
  readonly squeezed: number;
  /** Whether another slow request of the same run ran at the same time. */
  readonly together: boolean;
}

/** Rates are per second of the requests' time. */
export interface Group {
  readonly requests: number;
  /** Medians of a request, in milliseconds. */
  readonly parts: Readonly<Record<Part, number>>;
  readonly rates: Readonly<Record<Rate, number>>;
  /** Shares from 0 to 1: with a segment sent again meanwhile; at the same time as another slow one. */
  readonly resent: number;
  readonly together: number;
}

export const PARTS = ["setUp", "wait", "transfer"] as const;
export type Part = (typeof PARTS)[number];
export const RATES = ["retransmissions", "hostWaited", "queued", "softirq", "squeezed"] as const;
export type Rate = (typeof RATES)[number];

/** The slowest requests of some runs against all others of them. */
export interface Tail {
  /** Milliseconds from which on a request is among the slowest. */
  readonly from: number;
  readonly slow: Group;
  readonly others: Group;
}

/** So many of a hundred are the slowest. */
export const SLOWEST_PERCENT = 1;

/** @throws Error where there are too few requests to have a slowest percent and others */
export function tailOf(runs: readonly WebRun[]): Tail {
  const lengths = runs.flatMap(({ requests }) => requests.map(lengthOf)).sort((a, b) => b - a);
  const count = Math.max(1, Math.round((lengths.length * SLOWEST_PERCENT) / 100));
  const from = lengths[count - 1];
  if (from === undefined || lengths.length <= count)
    throw new Error("too few requests to tell the slowest from others");
  const slow: Circumstances[] = [];
  const others: Circumstances[] = [];
  for (const { requests, evidence } of runs) {
    const slowOnes = requests.filter((request) => lengthOf(request) >= from);
    for (const request of requests) {
      const together = slowOnes.some((other) => other !== request && overlap(request, spanOf(other)) > 0);
      (lengthOf(request) >= from ? slow : others).push(circumstancesOf(request, evidence, together));
    }
  }
  return { from, slow: groupOf(slow), others: groupOf(others) };
}

function groupOf(all: readonly Circumstances[]): Group {
  const seconds = sum(all.map(({ milliseconds }) => milliseconds)) / 1000;
  const share = (holds: (each: Circumstances) => boolean): number => all.filter(holds).length / all.length;
  const rates = RATES.map((rate) => [rate, sum(all.map((each) => each[rate])) / seconds]);
  const parts = PARTS.map((part) => [part, summarize(all.map((each) => each[part])).median]);
  return {
    requests: all.length,
    parts: Object.fromEntries(parts) as Record<Part, number>,
    rates: Object.fromEntries(rates) as Record<Rate, number>,
    resent: share(({ retransmissions }) => retransmissions > 0),
    together: share(({ together }) => together),
  };
}

function circumstancesOf(request: WebRequest, evidence: readonly Evidence[], together: boolean): Circumstances {
  const guests = evidence.flatMap(({ guest }) => guest);
  const hosts = evidence.flatMap(({ host }) => host);
  const { setUp, wait, transfer } = request;
  return {
    milliseconds: lengthOf(request),
    setUp,
    wait,
    transfer,
    retransmissions: within(request, guests, ({ retransmissions }) => retransmissions),
    hostWaited: within(request, hosts, ({ waited }) => waited),
    queued: within(request, guests, ({ queued }) => queued),
    softirq: within(request, guests, ({ softirq }) => softirq),
    squeezed: within(request, guests, ({ squeezed, dropped }) => squeezed + dropped),
    together,
  };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** What was counted while a request ran; of an interval that it shares in part, that part. */
function within<Counted extends Interval | HostInterval>(
  request: WebRequest,
  intervals: readonly Counted[],
  value: (interval: Counted) => number,
): number {
  return sum(
    intervals.map((interval) => {
      const shared = overlap(request, interval);
      return shared <= 0 ? 0 : (value(interval) * shared) / Math.max(shared, interval.to - interval.from);
    }),
  );
}

function spanOf(request: WebRequest): Span {
  return { from: request.start, to: request.start + lengthOf(request) };
}

function overlap(request: WebRequest, { from, to }: Span): number {
  const span = spanOf(request);
  return Math.min(span.to, to) - Math.max(span.from, from);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
