import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { LabEvent } from "../../lab/events";
import { BenchApp, takeDown } from "./bench-lab";
import { Progress } from "./progress";
import { untilSignal } from "./until-signal";
import { machineSpans, Span, stepSpans, TimedLine } from "./up-timeline";

export interface UpOptions {
  /** How often the lab is brought up from nothing. */
  readonly runs: number;
  /** Changes of a director, by each of the two commands. */
  readonly changes: number;
}

/** How a change gets to a machine. */
export const DEPLOYERS = { up: "vipstack up", cdktf: "cdktf deploy" } as const;
export type Deployer = keyof typeof DEPLOYERS;

/** One time from nothing to everything served. */
export interface UpRun {
  /** From 1. */
  readonly run: number;
  readonly milliseconds: number;
  readonly spans: readonly Span[];
}

/** One weight of a director changed. */
export interface ChangeRun {
  readonly deployer: Deployer;
  /** From 1. */
  readonly run: number;
  readonly milliseconds: number;
}

export interface UpResults {
  readonly ups: readonly UpRun[];
  readonly changes: readonly ChangeRun[];
}

/** Brings the same machines up again and again; the last time changes follow. */
export async function measureUp(options: UpOptions, progress: Progress): Promise<UpResults> {
  const app = new BenchApp("up");
  return untilSignal(
    () => measureAll(app, options, progress),
    () => takeDown(app, progress),
  );
}

async function measureAll(app: BenchApp, { runs, changes }: UpOptions, progress: Progress): Promise<UpResults> {
  const ups: UpRun[] = [];
  for (let run = 1; run <= runs; run += 1) {
    if (run > 1) await app.down();
    const measured = await bringUp(app);
    ups.push({ run, ...measured });
    progress.say(`run ${run} of ${runs}: up after ${(measured.milliseconds / 1000).toFixed(1)} s`);
  }
  return { ups, changes: await measureChanges(app, changes, progress) };
}

async function bringUp(app: BenchApp): Promise<Omit<UpRun, "run">> {
  const started = Date.now();
  const lines: TimedLine[] = [];
  const running = app.run("up", { stderr: "inherit" });
  if (running.stdout !== null)
    createInterface({ input: running.stdout }).on("line", (text) => lines.push({ at: Date.now(), text }));
  await running;
  const milliseconds = Date.now() - started;
  return { milliseconds, spans: [...stepSpans(lines, started), ...machineSpans(eventsOf(app), started)] };
}

/** Both commands take turns; every change is another weight. */
async function measureChanges(app: BenchApp, changes: number, progress: Progress): Promise<ChangeRun[]> {
  const measured: ChangeRun[] = [];
  for (let run = 1; run <= changes; run += 1)
    for (const deployer of ["up", "cdktf"] as const) {
      const weight = 1 + 2 * run + (deployer === "up" ? 0 : 1);
      const started = Date.now();
      await app.run(deployer, { ...app.options({ WEIGHT: String(weight) }), stdout: "ignore" });
      const milliseconds = Date.now() - started;
      measured.push({ deployer, run, milliseconds });
      progress.say(`change ${run} of ${changes}, ${DEPLOYERS[deployer]}: ${(milliseconds / 1000).toFixed(1)} s`);
    }
  return measured;
}

function eventsOf(app: BenchApp): LabEvent[] {
  const text = readFileSync(join(app.labDirectory, "events.ndjson"), "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as LabEvent]));
}
