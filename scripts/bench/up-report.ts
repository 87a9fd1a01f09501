import { markdownTable } from "../markdown";
import { ganttChart } from "./chart";
import { describeMachine, Machine } from "./machine";
import { digits, origin, spread } from "./report-words";
import { ratiosOf, Summary, summarize } from "./statistics";
import { ChangeRun, Deployer, DEPLOYERS, UpResults, UpRun } from "./up";
import { Span } from "./up-timeline";

/** What all runs of the bench `up` tell, as tables and as a picture. */
export class UpReport {
  constructor(
    private readonly machine: Machine,
    private readonly results: UpResults,
  ) {}

  get text(): string {
    return [
      `\`vipstack up\` from nothing took ${seconds(summarize(this.results.ups.map(({ milliseconds }) => milliseconds)))}. Of that:`,
      "",
      this.steps,
      "",
      "From its start to its end a machine was, on average over the machines:",
      "",
      this.stages,
      ...(this.results.changes.length > 0 ? ["", this.changes] : []),
      "",
      origin("Times are of this machine", this.machine, this.results.ups.length),
    ].join("\n");
  }

  /** Of the run in the middle. */
  get pictures(): Record<string, string> {
    const sorted = [...this.results.ups].sort((a, b) => a.milliseconds - b.milliseconds);
    const middle = sorted[Math.floor((sorted.length - 1) / 2)];
    if (middle === undefined) throw new Error("nothing was measured");
    return {
      up: ganttChart({
        title: "Where the seconds of vipstack up go",
        subtitle: describeMachine(this.machine),
        x: "seconds",
        bars: middle.spans.map(({ row, stage, from, to }) => ({ row, kind: stage, from: from / 1000, to: to / 1000 })),
      }),
    };
  }

  private get steps(): string {
    return this.table("step", (span) => (span.stage === "up" ? span.row : undefined), total);
  }

  private get stages(): string {
    const mean = (spans: readonly Span[]): number => total(spans) / new Set(spans.map(({ row }) => row)).size;
    return this.table("stage", (span) => (span.stage === "up" ? undefined : span.stage), mean);
  }

  /** A row for each group of spans, in the order of the first run. */
  private table(
    head: string,
    groupOf: (span: Span) => string | undefined,
    measure: (spans: readonly Span[]) => number,
  ): string {
    const groups = new Set(this.results.ups.flatMap(({ spans }) => spans.flatMap((span) => groupOf(span) ?? [])));
    const rows = [...groups].map((group) => {
      const values = this.results.ups.map(({ spans }: UpRun) =>
        measure(spans.filter((span) => groupOf(span) === group)),
      );
      return [group, seconds(summarize(values))];
    });
    return markdownTable([[head, "time"], ...rows]);
  }

  private get changes(): string {
    const [up, cdktf] = [this.changesBy("up"), this.changesBy("cdktf")];
    return (
      `Another weight of a real server, ${up.length} times in turn: \`${DEPLOYERS.up}\` takes ${seconds(summarize(up))}, ` +
      `\`${DEPLOYERS.cdktf}\` ${seconds(summarize(cdktf))}, the first ${spread(summarize(ratiosOf(up, cdktf)), digits(2))} times as long as the second.`
    );
  }

  private changesBy(deployer: Deployer): number[] {
    return this.results.changes
      .filter((change: ChangeRun) => change.deployer === deployer)
      .map(({ milliseconds }) => milliseconds);
  }
}

function total(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}

function seconds(summary: Summary): string {
  return spread(summary, (milliseconds) => digits(1)(milliseconds / 1000), " s");
}
