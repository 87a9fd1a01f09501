import { markdownTable } from "../markdown";
import { barChart } from "./chart";
import { Budget, readBudgets } from "./convergence-budget";
import { ConvergenceResults, ConvergenceRun, ConvergenceStep } from "./convergence-plan";
import { describeMachine, Machine } from "./machine";
import { count, digits, origin, spread } from "./report-words";
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
      spread(summarize(values), digits(1), " s"),
      `${budget.worst} s, usually ${budget.usual} s`,
      spread(summarize(values.map((value) => (100 * value) / budget.worst)), digits(0), " %"),
      lost,
    ]);
    return [
      this.results.plan.nomad
        ? "The instances are those of a Nomad job whose count is changed."
        : "The instances run without Nomad: on one machine a unit is started and stopped, and its Consul agent lists it or does not.",
      "",
      markdownTable([head, ...rows]),
      "",
      origin("Times are of guests on this machine", this.machine, this.runsOf("scale-in").length),
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
  const sum = (of: (run: ConvergenceRun) => number): string => count(runs.reduce((total, run) => total + of(run), 0));
  return `${sum(({ lost }) => lost.length)} of ${sum(({ requests }) => requests)}`;
}
