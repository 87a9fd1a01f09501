import type { LabEvent } from "../../lab/events";

/** A piece of work, in milliseconds since `up` was started. */
export interface Span {
  /** The machine, or the step of `up`. */
  readonly row: string;
  /** What was done; that of a step is "up". */
  readonly stage: string;
  readonly from: number;
  readonly to: number;
}

/** A line of output, and when it was there. */
export interface TimedLine {
  readonly at: number;
  readonly text: string;
}

/** The step of `up` that has the machines' own among it: those are told by the lab, in more detail. */
const DEPLOY = "cdktf deploy";

/** Steps of `up` by the lines that say when they start and end. A title may grow meanwhile: `Secrets: 3 made`. */
export function stepSpans(lines: readonly TimedLine[], started: number): Span[] {
  const open: { row: string; from: number }[] = [];
  const spans: Span[] = [];
  for (const { at, text } of lines) {
    const [, state, title = ""] = /^\[(STARTED|COMPLETED)\] (.*)$/.exec(text) ?? [];
    if (state === "STARTED") open.push({ row: title, from: at - started });
    else if (state === "COMPLETED") {
      const which = open.findIndex(({ row }) => title.startsWith(row));
      const [step] = which < 0 ? [] : open.splice(which, 1);
      // What runs inside of a step that is still open belongs to it.
      if (step !== undefined && !open.some(({ row }) => row === DEPLOY))
        spans.push({ ...step, stage: "up", to: at - started });
    }
  }
  return spans.sort((a, b) => a.from - b.from);
}

/** Stages of machines by the lab's events: each lasts until the next one of the same machine. */
export function machineSpans(events: readonly LabEvent[], started: number): Span[] {
  const spans: Span[] = [];
  const last = new Map<string, { stage: string; from: number }>();
  for (const { machine, stage, time } of events) {
    const at = Date.parse(time) - started;
    if (machine === null || at < 0) continue;
    const before = last.get(machine);
    if (before?.stage === stage) continue;
    if (before !== undefined) spans.push({ row: machine, ...before, to: at });
    if (stage === "ready" || stage === "failed") last.delete(machine);
    else last.set(machine, { stage, from: at });
  }
  return spans;
}
