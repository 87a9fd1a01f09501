import { markdownTable } from "../markdown";
import { growthChart, Point } from "./chart";
import {
  candidatesOf,
  ControlCandidate,
  ControlPlane,
  ControlRun,
  PLANES,
  Task,
  TASKS,
  WHOLE_TABLE,
} from "./control-candidates";
import { describeMachine, Machine } from "./machine";
import { count, digits, origin, spread } from "./report-words";
import { Sample } from "./sample";
import { ratiosOf, Summary, summarize } from "./statistics";

/** Measurements of one task, and what is compared there. */
interface Row {
  readonly plane: ControlPlane;
  readonly task: Task;
  readonly servers: number;
}

/** What all runs of the bench `control` tell, as tables and as a picture. */
export class ControlReport {
  constructor(
    private readonly machine: Machine,
    private readonly runs: readonly ControlRun[],
  ) {}

  /** A table of changes, the growth of a small one, and a table of what no change costs. */
  get text(): string {
    return [
      this.changes,
      "",
      ...(this.sizes.length > 1 ? [this.growth, ""] : []),
      "A director without changes, whose watch looks every 5 s:",
      "",
      this.nothing,
      "",
      origin("Times are of a guest on this machine", this.machine, this.times),
    ].join("\n");
  }

  get pictures(): Record<string, string> {
    return { control: this.picture };
  }

  /** Of the ipvs plane, or of the plane that was measured. */
  private get picture(): string {
    const plane = this.planes[0] ?? "ipvs";
    const names = { other: WHOLE_TABLE[plane], keepalived: "keepalived", vipstack: "vipstack" };
    const curves = (["first", "weight"] as const).flatMap((task) =>
      candidatesOf(plane, task)
        .filter((candidate) => this.runs.some((run) => run.plane === plane && run.candidate === candidate))
        .map((candidate) => ({ name: `${TASKS[task]}, ${names[candidate]}`, task, candidate })),
    );
    return growthChart({
      title: `Rules of the ${plane} plane`,
      subtitle: `in a guest on ${describeMachine(this.machine)}`,
      x: "real servers",
      y: "milliseconds",
      curves: curves.map(({ name, task, candidate }) => {
        const values = (servers: number): number[] =>
          this.valuesOf({ plane, task, servers }, candidate, "milliseconds");
        return {
          name,
          runs: this.sizes.flatMap((servers) => values(servers).map((value): Point => [servers, value])),
          medians: this.sizes.map((servers): Point => [servers, summarize(values(servers)).median]),
        };
      }),
    });
  }

  private get changes(): string {
    const head = [
      "plane",
      "change",
      "real servers",
      "whole table",
      "keepalived",
      "vipstack",
      "vipstack to whole table",
      "the same of processor time",
    ];
    const rows = this.rowsOf("first", "weight").map((row) => [
      row.plane,
      TASKS[row.task],
      count(row.servers),
      seconds(this.summaryOf(row, "other")),
      candidatesOf(row.plane, row.task).includes("keepalived") ? seconds(this.summaryOf(row, "keepalived")) : "",
      seconds(this.summaryOf(row, "vipstack")),
      spread(this.ratioOf(row, "milliseconds"), digits(1)),
      spread(this.ratioOf(row, "cpuMilliseconds"), digits(1)),
    ]);
    return markdownTable([head, ...rows]);
  }

  private get nothing(): string {
    const head = ["plane", "real servers", "share of one core", "processor time of a look"];
    const rows = this.rowsOf("nothing").map((row) => {
      const shares = this.sharesOf(row);
      return [
        row.plane,
        count(row.servers),
        spread(shares, (share) => (100 * share).toFixed(1), " %"),
        `${count(shares.median * LOOK_MILLISECONDS)} ms`,
      ];
    });
    return markdownTable([head, ...rows]);
  }

  private get growth(): string {
    const [least = 0, most = 0] = [this.sizes.find((size) => size >= 100) ?? this.sizes[0], this.sizes.at(-1)];
    const grown = this.planes.map((plane) => {
      const [low, high] = [least, most].map(
        (servers) => this.summaryOf({ plane, task: "weight", servers }, "vipstack").median,
      );
      return `on the ${plane} plane ${((high ?? NaN) / (low ?? NaN)).toFixed(1)} times`;
    });
    return `From ${count(least)} to ${count(most)} real servers a change of one weight takes ${grown.join(" and ")} as long.`;
  }

  private rowsOf(...tasks: readonly Task[]): Row[] {
    return this.planes.flatMap((plane) =>
      tasks.flatMap((task) => this.sizes.map((servers) => ({ plane, task, servers }))),
    );
  }

  private get planes(): ControlPlane[] {
    return PLANES.filter((plane) => this.runs.some((run) => run.plane === plane));
  }

  private get sizes(): number[] {
    return [...new Set(this.runs.map(({ servers }) => servers))].sort((a, b) => a - b);
  }

  private get times(): number {
    return Math.max(...this.runs.map(({ run }) => run));
  }

  private summaryOf(row: Row, candidate: ControlCandidate): Summary {
    return summarize(this.valuesOf(row, candidate, "milliseconds"));
  }

  private ratioOf(row: Row, measure: keyof Sample): Summary {
    return summarize(ratiosOf(this.valuesOf(row, "vipstack", measure), this.valuesOf(row, "other", measure)));
  }

  /** Processor time of the machine with the keeper, less that without, by the time for which it was watched. Below zero: noise. */
  private sharesOf(row: Row): Summary {
    const [used, idle, watched] = [
      this.valuesOf(row, "vipstack", "cpuMilliseconds"),
      this.valuesOf(row, "other", "cpuMilliseconds"),
      this.valuesOf(row, "vipstack", "milliseconds"),
    ];
    return summarize(used.map((value, run) => (value - (idle[run] ?? NaN)) / (watched[run] ?? NaN)));
  }

  private valuesOf({ plane, task, servers }: Row, candidate: ControlCandidate, measure: keyof Sample): number[] {
    return this.runs
      .filter((run) => run.plane === plane && run.task === task && run.servers === servers)
      .filter((run) => run.candidate === candidate)
      .map((run) => run[measure]);
  }
}

/** Between two looks. */
const LOOK_MILLISECONDS = 5000;

function seconds(summary: Summary): string {
  return spread(summary, (milliseconds) => (milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1), " s");
}
