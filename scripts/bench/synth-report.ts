import { markdownTable } from "../markdown";
import { growthChart, Point } from "./chart";
import { describeMachine, Machine } from "./machine";
import { count, digits, origin, spread } from "./report-words";
import { Sample } from "./sample";
import { ratiosOf, Summary, summarize } from "./statistics";
import { Candidate, CANDIDATES, Subject, SUBJECTS, SynthRun } from "./synth-candidates";

/** What all runs of the bench `synth` tell, as a table and as a picture. */
export class SynthReport {
  constructor(
    private readonly machine: Machine,
    private readonly subject: Subject,
    private readonly runs: readonly SynthRun[],
  ) {}

  /** A Markdown table with a row for each size, and a sentence on the growth. */
  get text(): string {
    const head = [this.subject as string, CANDIDATES.bare, CANDIDATES.vipstack, "ratio", "ratio of processor time"];
    const rows = this.sizes.map((size) => [
      count(size),
      ...(["bare", "vipstack"] as const).map((candidate) =>
        spread(this.summaryOf(candidate, size, "milliseconds"), count, " ms"),
      ),
      spread(this.ratioOf(size, "milliseconds"), digits(1)),
      spread(this.ratioOf(size, "cpuMilliseconds"), digits(1)),
    ]);
    return [
      markdownTable([head, ...rows]),
      "",
      ...(this.sizes.length > 1 ? [this.growth, ""] : []),
      origin("Times are of this machine", this.machine, this.times),
    ].join("\n");
  }

  get pictures(): Record<string, string> {
    return { [sectionOf(this.subject)]: this.picture };
  }

  private get picture(): string {
    const point = (run: SynthRun): Point => [run.size, run.milliseconds];
    return growthChart({
      title: `Synthesis of one program of ${SUBJECTS[this.subject]}`,
      subtitle: describeMachine(this.machine),
      x: this.subject,
      y: "milliseconds",
      curves: (["bare", "vipstack"] as const).map((candidate) => ({
        name: CANDIDATES[candidate],
        runs: this.runs.filter((run) => run.candidate === candidate).map(point),
        medians: this.sizes.map((size) => [size, this.summaryOf(candidate, size, "milliseconds").median]),
      })),
    });
  }

  private get sizes(): number[] {
    return [...new Set(this.runs.map(({ size }) => size))].sort((a, b) => a - b);
  }

  private get times(): number {
    return Math.max(...this.runs.map(({ run }) => run));
  }

  /** By processor time, which the neighbours on the machine hardly change. */
  private get growth(): string {
    const [least = 0, most = 0] = [this.sizes[0], this.sizes.at(-1)];
    const grown = (candidate: Candidate): number =>
      this.summaryOf(candidate, most, "cpuMilliseconds").median /
      this.summaryOf(candidate, least, "cpuMilliseconds").median;
    const [bare, vipstack] = [grown("bare"), grown("vipstack")];
    return (
      `From ${count(least)} to ${count(most)} ${this.subject} the processor time of the bare bindings grows ${bare.toFixed(1)} times, ` +
      `that of vipstack ${vipstack.toFixed(1)} times: ${(vipstack / bare).toFixed(2)} times as much.`
    );
  }

  private summaryOf(candidate: Candidate, size: number, measure: keyof Sample): Summary {
    return summarize(this.valuesOf(candidate, size, measure));
  }

  private ratioOf(size: number, measure: keyof Sample): Summary {
    return summarize(ratiosOf(this.valuesOf("vipstack", size, measure), this.valuesOf("bare", size, measure)));
  }

  private valuesOf(candidate: Candidate, size: number, measure: keyof Sample): number[] {
    return this.runs.filter((run) => run.candidate === candidate && run.size === size).map((run) => run[measure]);
  }
}

/** Of the page, and of the picture. */
export function sectionOf(subject: Subject): string {
  return subject === "jobs" ? "synth" : `synth-${subject}`;
}
