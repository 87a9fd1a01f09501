import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Testing } from "cdktf";
import { elapsed } from "../../../scripts/bench/progress";
import { Subject, SynthRun } from "../../../scripts/bench/synth-candidates";
import { synthesize } from "../../../scripts/bench/synth-program";
import { SynthReport } from "../../../scripts/bench/synth-report";

const MACHINE = { processor: "Example CPU", processors: 2, memoryGiB: 8, system: "linux x64", node: "20.20.2" };

function runs(jobs: number, bare: readonly number[], vipstack: readonly number[]): SynthRun[] {
  const of = (candidate: SynthRun["candidate"], times: readonly number[]): SynthRun[] =>
    times.map((each, index) => ({
      candidate,
      size: jobs,
      run: index + 1,
      milliseconds: each,
      cpuMilliseconds: 2 * each,
    }));
  return [...of("bare", bare), ...of("vipstack", vipstack)];
}

const REPORT = new SynthReport(MACHINE, "jobs", [
  ...runs(1000, [600, 500], [1200, 1500]),
  ...runs(100, [50, 60], [100, 120]),
]);

test("the table has the medians with their spread, and ratios of neighbouring runs", () => {
  expect(REPORT.text).toBe(`\
| jobs  | bare CDKTF bindings | vipstack                  | ratio            | ratio of processor time |
| ----- | ------------------- | ------------------------- | ---------------- | ----------------------- |
| 100   | 55 ms (50 to 60)    | 110 ms (100 to 120)       | 2.0 (2.0 to 2.0) | 2.0 (2.0 to 2.0)        |
| 1,000 | 550 ms (500 to 600) | 1,350 ms (1,200 to 1,500) | 2.5 (2.0 to 3.0) | 2.5 (2.0 to 3.0)        |

From 100 to 1,000 jobs the processor time of the bare bindings grows 10.0 times, that of vipstack 12.3 times: 1.23 times as much.

Times are of this machine: 2 × Example CPU, 8 GiB, linux x64, Node 20.20.2. Each is the median of 2 runs, with the least and the most.`);
});

test("the growth is left out where there is one number of jobs", () => {
  expect(new SynthReport(MACHINE, "jobs", runs(100, [50], [100])).text).not.toContain("From 100");
});

test("the picture is SVG with both candidates and the machine", () => {
  const { synth: picture } = REPORT.pictures;
  expect(picture).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  for (const text of ["bare CDKTF bindings", "vipstack", "2 × Example CPU", "10,000", "milliseconds"])
    expect(picture).toContain(`>${text}`);
});

test.each<Subject>(["jobs", "machines"])("both candidates synthesize the same resources: %s", (subject) => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-bench-"));
  const [bare, vipstack] = (["bare", "vipstack"] as const).map((candidate) => {
    const app = Testing.app({ outdir: join(folder, candidate) });
    expect(synthesize(app, subject, candidate, 3).milliseconds).toBeGreaterThan(0);
    return resourcesOf(join(app.outdir, "stacks", subject, "cdk.tf.json"));
  });
  rmSync(folder, { recursive: true });
  expect(Object.keys(bare ?? {}).length).toBeGreaterThanOrEqual(3);
  expect(vipstack).toEqual(bare);
});

/** Without what cdktf says about each of them. */
function resourcesOf(file: string): Record<string, unknown> {
  const { resource } = JSON.parse(readFileSync(file, "utf8")) as { resource: Record<string, Record<string, object>> };
  const [resources = {}] = Object.values(resource);
  return Object.fromEntries(Object.entries(resources).map(([id, each]) => [id, { ...each, "//": undefined }]));
}

test.each([
  [999, "0:00"],
  [65_000, "1:05"],
  [3_600_000, "60:00"],
])("%d ms are %s", (milliseconds, text) => {
  expect(elapsed(milliseconds)).toBe(text);
});
