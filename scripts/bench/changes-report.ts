import { markdownTable } from "../markdown";
import { barChart } from "./chart";
import { CHANGE_CANDIDATES, ChangeCandidate, ChangeRun } from "./changes-candidates";
import { describeMachine, Machine } from "./machine";
import { count, digits, origin, spread } from "./report-words";
import { ratiosOf, summarize } from "./statistics";

/** What all runs of the bench `changes` tell, as a table and as a picture. */
export class ChangesReport {
  constructor(
    private readonly machine: Machine,
    private readonly runs: readonly ChangeRun[],
  ) {}

  get text(): string {
    const head = [
      "real servers",
      "changed by",
      "changes",
      "a change takes",
      "vipstack to it",
      "new connections lost",
      "open connections lost",
      "slowest answer",
    ];
    const rows = this.sizes.flatMap((servers) =>
      this.candidates.map((candidate) => {
        const runs = this.runsOf(candidate, servers);
        return [
          count(servers),
          CHANGE_CANDIDATES[candidate].title,
          count(sum(runs, "changes")),
          spread(summarize(timesOf(runs)), count, " ms"),
          this.comparison(candidate, servers),
          `${count(sum(runs, "refused"))} of ${count(sum(runs, "opened"))}`,
          `${count(sum(runs, "broken"))} in ${count(sum(runs, "asked"))} requests`,
          `${count(Math.max(...runs.map(({ slowest }) => slowest)))} ms`,
        ];
      }),
    );
    return [
      markdownTable([head, ...rows]),
      "",
      origin("Times are means of a run, of a guest on this machine", this.machine, this.times),
    ].join("\n");
  }

  get pictures(): Record<string, string> {
    return {
      changes: barChart({
        title: "A change of one weight, with clients asking",
        subtitle: `in a guest on ${describeMachine(this.machine)}`,
        y: "seconds",
        groups: this.sizes.map((servers) => `${count(servers)} real servers`),
        bars: this.candidates.map((candidate) => ({
          name: CHANGE_CANDIDATES[candidate].title,
          values: this.sizes.map((servers) =>
            summarize(timesOf(this.runsOf(candidate, servers)).map((time) => time / 1000)),
          ),
        })),
      }),
    };
  }

  /** How many times as long a change by vipstack takes; empty in its own row. */
  private comparison(candidate: ChangeCandidate, servers: number): string {
    const ours = CHANGE_CANDIDATES[candidate].plane;
    if (candidate === ours || !this.candidates.includes(ours)) return "";
    const ratios = ratiosOf(timesOf(this.runsOf(ours, servers)), timesOf(this.runsOf(candidate, servers)));
    return spread(summarize(ratios), digits(1));
  }

  private runsOf(candidate: ChangeCandidate, servers: number): ChangeRun[] {
    return this.runs.filter((run) => run.candidate === candidate && run.servers === servers);
  }

  private get candidates(): ChangeCandidate[] {
    return [...new Set(this.runs.map(({ candidate }) => candidate))];
  }

  private get sizes(): number[] {
    return [...new Set(this.runs.map(({ servers }) => servers))].sort((a, b) => a - b);
  }

  private get times(): number {
    return Math.max(...this.runs.map(({ run }) => run));
  }
}

/** Milliseconds of a change, in each run. */
function timesOf(runs: readonly ChangeRun[]): number[] {
  return runs.map((run) => run.milliseconds / run.changes);
}

function sum(runs: readonly ChangeRun[], measure: "changes" | "opened" | "refused" | "asked" | "broken"): number {
  return runs.reduce((total, run) => total + run[measure], 0);
}
