import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { Progress } from "./progress";
import { Sample } from "./sample";
import { CANDIDATES, Subject, SynthRun } from "./synth-candidates";

export interface SynthOptions {
  readonly subject: Subject;
  /** Numbers of jobs or machines. */
  readonly sizes: readonly number[];
  /** Runs of each candidate for each number. */
  readonly runs: number;
}

const PROGRAM = join(__dirname, "synth-program.js");

/** Both candidates by turns, each time in a fresh process, so that neither has a warm one and both have the same neighbours. */
export async function measureSynth(options: SynthOptions, progress: Progress): Promise<SynthRun[]> {
  // Removed at the end: ext4 takes up to twenty times as long to make a file while it remembers others that were just removed.
  const folder = mkdtempSync(join(tmpdir(), "vipstack-bench-"));
  try {
    const measured: SynthRun[] = [];
    for (const what of orderOf(options)) {
      const sample = await sampleOf(options.subject, what, join(folder, String(measured.length)));
      measured.push({ ...what, ...sample });
      const { run, size, candidate } = what;
      const took = `${Math.round(sample.milliseconds)} ms`;
      progress.say(`run ${run} of ${options.runs}, ${size} ${options.subject}, ${CANDIDATES[candidate]}: ${took}`);
    }
    return measured;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Measured = Omit<SynthRun, keyof Sample>;

function orderOf({ sizes, runs }: SynthOptions): Measured[] {
  return Array.from({ length: runs }, (_, index) => index + 1).flatMap((run) =>
    sizes.flatMap((size) => (["bare", "vipstack"] as const).map((candidate) => ({ candidate, size, run }))),
  );
}

async function sampleOf(subject: Subject, { candidate, size }: Measured, outdir: string): Promise<Sample> {
  const { stdout } = await execa(process.execPath, [PROGRAM, subject, candidate, String(size), outdir]);
  return JSON.parse(stdout) as Sample;
}
