import { markdownTable } from "../markdown";
import { barChart, percentileChart } from "./chart";
import { describeMachine, Machine } from "./machine";
import { Load, LOADS, Percentile, PERCENTILES, PLANE_CANDIDATES, PlaneCandidate, PlaneRun } from "./planes-candidates";
import { count, digits, origin, spread } from "./report-words";
import { hasBeyond, ratiosOf, Summary, summarize } from "./statistics";

const RATES = ["connections", "requests", "bulk"] as const satisfies readonly Load[];
const ADDED = ["50", "99", "99.9"] as const satisfies readonly Percentile[];

/** What all runs of the bench `planes` tell, as tables and as pictures. */
export class PlanesReport {
  constructor(
    private readonly machine: Machine,
    private readonly runs: readonly PlaneRun[],
  ) {}

  /** A table of rates and processor time, a table of what is added to the time of a request, and what went wrong. */
  get text(): string {
    return [
      "Against no director at all, and the processor time of the machine in the middle for one request:",
      "",
      this.rates,
      "",
      "Time of a request, one after the other on one connection; below the first row what comes on top of it:",
      "",
      this.latencies,
      "",
      ...this.failures,
      origin("Rates of direct, and all times, are of guests on this machine", this.machine, this.times),
    ].join("\n");
  }

  get pictures(): Record<string, string> {
    return { planes: this.ratesPicture, "planes-latency": this.latencyPicture };
  }

  private get rates(): string {
    const head = ["between", "connections a second", "requests a second", "bulk", "processor time of a request"];
    const direct = ["direct", ...RATES.map((load) => rate(load, summarize(this.ratesOf("direct", load)))), "none"];
    const rows = this.others.map((candidate) => [
      PLANE_CANDIDATES[candidate].title,
      ...RATES.map((load) => spread(this.ratioOf(candidate, load), digits(2))),
      this.processorTime(candidate),
    ]);
    return markdownTable([head, direct, ...rows]);
  }

  private get latencies(): string {
    const head = ["between", ...ADDED.map((percentile) => `p${percentile}`)];
    const direct = ADDED.map((percentile) => told(this.latencyOf("direct", percentile), digits(2)));
    const rows = this.others.map((candidate) => [
      PLANE_CANDIDATES[candidate].title,
      ...ADDED.map((percentile) => told(this.addedOf(candidate, percentile), signed)),
    ]);
    return markdownTable([head, ["direct", ...direct], ...rows]);
  }

  private get failures(): string[] {
    const failed = this.candidates.flatMap((candidate) => {
      const errors = this.runs
        .filter((run) => run.candidate === candidate)
        .reduce((sum, { errors }) => sum + errors, 0);
      return errors === 0 ? [] : [`${PLANE_CANDIDATES[candidate].title} ${count(errors)}`];
    });
    return failed.length === 0 ? [] : [`Requests or connections that failed: ${failed.join(", ")}.`, ""];
  }

  private get ratesPicture(): string {
    return barChart({
      title: "Rates through what stands in between",
      subtitle: `1 is the rate without it; in guests on ${describeMachine(this.machine)}`,
      y: "ratio",
      groups: this.others.map((candidate) => PLANE_CANDIDATES[candidate].title),
      bars: RATES.map((load) => ({
        name: LOADS[load].title,
        values: this.others.map((candidate) => this.ratioOf(candidate, load)),
      })),
    });
  }

  private get latencyPicture(): string {
    return percentileChart({
      title: "Time of a request, one after the other",
      subtitle: `medians of the runs; in guests on ${describeMachine(this.machine)}`,
      y: "milliseconds",
      percentiles: PERCENTILES,
      curves: this.candidates.map((candidate) => ({
        name: PLANE_CANDIDATES[candidate].title,
        values: PERCENTILES.map((percentile) => {
          const values = this.latencyOf(candidate, percentile);
          return values.includes(NaN) ? NaN : summarize(values).median;
        }),
      })),
    });
  }

  /** Of keep-alive, where it is only the packets that cost. */
  private processorTime(candidate: PlaneCandidate): string {
    const runs = this.runsOf(candidate, "requests");
    const values = runs.map(({ cpuMilliseconds = NaN, requests }) => (1000 * cpuMilliseconds) / requests);
    return spread(summarize(values), digits(0), " µs");
  }

  private ratioOf(candidate: PlaneCandidate, load: Load): Summary {
    return summarize(ratiosOf(this.ratesOf(candidate, load), this.ratesOf("direct", load)));
  }

  /** Requests a second, or bytes a second. */
  private ratesOf(candidate: PlaneCandidate, load: Load): number[] {
    return this.runsOf(candidate, load).map(
      ({ requests, bytes, seconds }) => (load === "bulk" ? bytes : requests) / seconds,
    );
  }

  /** NaN where a run has no request beyond the percentile. */
  private latencyOf(candidate: PlaneCandidate, percentile: Percentile): number[] {
    return this.runsOf(candidate, "latency").map(({ latency, requests }) =>
      hasBeyond(requests, Number(percentile)) ? latency[percentile] : NaN,
    );
  }

  private addedOf(candidate: PlaneCandidate, percentile: Percentile): number[] {
    const direct = this.latencyOf("direct", percentile);
    return this.latencyOf(candidate, percentile).map((value, run) => value - (direct[run] ?? NaN));
  }

  private runsOf(candidate: PlaneCandidate, load: Load): PlaneRun[] {
    return this.runs.filter((run) => run.candidate === candidate && run.load === load);
  }

  private get candidates(): PlaneCandidate[] {
    return [...new Set(this.runs.map(({ candidate }) => candidate))];
  }

  private get others(): PlaneCandidate[] {
    return this.candidates.filter((candidate) => candidate !== "direct");
  }

  private get times(): number {
    return Math.max(...this.runs.map(({ run }) => run));
  }
}

function rate(load: Load, summary: Summary): string {
  return load === "bulk" ? spread(summary, (bytes) => digits(0)((8 * bytes) / 1e6), " Mbit/s") : spread(summary, count);
}

function told(values: readonly number[], words: (value: number) => string): string {
  return values.includes(NaN) ? "too few" : spread(summarize(values), words, " ms");
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}
