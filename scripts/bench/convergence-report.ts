import { markdownTable } from "../markdown";
import { barChart } from "./chart";
import { Budget, readBudgets } from "./convergence-budget";
import { ConvergenceResults, ConvergenceRun, ConvergenceStep } from "./convergence-plan";
import { describeMachine, Machine } from "./machine";
import { Summary, summarize } from "./statistics";

/** What all runs of the bench `convergence` tell, as a table and as a picture. */
export class ConvergenceReport {
  constructor(
    private readonly machine: Machine,
    private readonly results: ConvergenceResults,
  ) {}

  get text(): string {
    const head = ["step", "measured", "budget", "of the budget", "requests lost"];
    const rows = this.rows.map(({ title, values, budget, lost }) => [
      title,
      seconds(summarize(values)),
      `${budget.worst} s, usually ${budget.usual} s`,
      percent(summarize(values.map((value) => (100 * value) / budget.worst))),
      lost,
    ]);
    const times = this.runsOf("scale-in").length;
    return [
      this.results.plan.nomad
        ? "The instances are those of a Nomad job whose count is changed."
        : "The instances run without Nomad: on one machine a unit is started and stopped, and its Consul agent lists it or does not.",
      "",
      markdownTable([head, ...rows]),
      "",
      `Times are of guests on this machine: ${describeMachine(this.machine)}. ${times === 1 ? "Each was measured once." : `Each is the median of ${times} runs, with the least and the most.`}`,
    ].join("\n");
  }

  get pictures(): Record<string, string> {
    const { rows } = this;
    const exactly = (value: number): Summary => ({ median: value, least: value, most: value });
    return {
      convergence: barChart({
        title: "From a changed number of instances to the virtual IP",
        subtitle: `${this.results.plan.nomad ? "a job of Nomad" : "without Nomad"}; in guests on ${describeMachine(this.machine)}`,
        y: "seconds",
        groups: rows.map(({ title }) => title),
        bars: [
          { name: "measured", values: rows.map(({ values }) => summarize(values)) },
          { name: "budget, usually", values: rows.map(({ budget }) => exactly(budget.usual)) },
          { name: "budget, at worst", values: rows.map(({ budget }) => exactly(budget.worst)) },
        ],
      }),
    };
  }

  /** The budget of scale-out begins with the start of the instance, so both are told. */
  private get rows(): { title: string; values: number[]; budget: Budget; lost: string }[] {
    const { scaleOut, scaleIn } = readBudgets(this.results.table);
    const [out, left] = [this.runsOf("scale-out"), this.runsOf("scale-in")];
    return [
      { title: "scale-out", values: out.map((run) => run.seconds), budget: scaleOut, lost: lostOf(out) },
      {
        title: "scale-out since the start",
        values: out.map(({ listening = NaN }) => listening),
        budget: scaleOut,
        lost: "",
      },
      { title: "scale-in", values: left.map((run) => run.seconds), budget: scaleIn, lost: lostOf(left) },
    ];
  }

  private runsOf(step: ConvergenceStep): ConvergenceRun[] {
    return this.results.runs.filter((run) => run.step === step);
  }
}

function lostOf(runs: readonly ConvergenceRun[]): string {
  const count = (of: (run: ConvergenceRun) => number): string =>
    runs.reduce((sum, run) => sum + of(run), 0).toLocaleString("en");
  return `${count(({ lost }) => lost.length)} of ${count(({ requests }) => requests)}`;
}

function seconds({ median, least, most }: Summary): string {
  return `${median.toFixed(1)} s (${least.toFixed(1)} to ${most.toFixed(1)})`;
}

function percent({ median, least, most }: Summary): string {
  return `${Math.round(median)} % (${Math.round(least)} to ${Math.round(most)})`;
}
