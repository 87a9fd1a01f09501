import type { UpResults } from "../../../scripts/bench/up";
import { UpReport } from "../../../scripts/bench/up-report";
import { machineSpans, stepSpans } from "../../../scripts/bench/up-timeline";
import type { LabEvent } from "../../../lab/events";

const STARTED = Date.parse("2026-01-01T00:00:00.000Z");

function event(seconds: number, machine: string | null, stage: LabEvent["stage"]): LabEvent {
  return { time: new Date(STARTED + 1000 * seconds).toISOString(), machine, stage, detail: "" };
}

test("steps are from the line that starts them to the one that completes them, whatever their title has become", () => {
  const lines = [
    [0, "[STARTED] Secrets"],
    [1, "[COMPLETED] Secrets: 3 made [1s]"],
    [2, "[STARTED] cdktf deploy"],
    [2, "[STARTED] web1"],
    [3, "[OUTPUT] web1: ready"],
    [4, "[COMPLETED] web1 [2s]"],
    [5, "[COMPLETED] cdktf deploy [3s]"],
    [5, ""],
  ] as const;
  const timed = lines.map(([at, text]) => ({ at: STARTED + 1000 * at, text }));
  expect(stepSpans(timed, STARTED)).toEqual([
    { row: "Secrets", stage: "up", from: 0, to: 1000 },
    { row: "cdktf deploy", stage: "up", from: 2000, to: 5000 },
  ]);
});

test("a stage of a machine ends where the next one begins; what was before does not count", () => {
  const events = [
    event(-9, "web1", "kernel"),
    event(-5, "web1", "ready"),
    event(0, null, "network"),
    event(1, "web1", "kernel"),
    event(2, "web1", "kernel"),
    event(2, "web2", "kernel"),
    event(4, "web1", "packages"),
    event(9, "web1", "ready"),
  ];
  expect(machineSpans(events, STARTED)).toEqual([
    { row: "web1", stage: "kernel", from: 1000, to: 4000 },
    { row: "web1", stage: "packages", from: 4000, to: 9000 },
  ]);
});

const MACHINE = { processor: "Example CPU", processors: 2, memoryGiB: 8, system: "linux x64", node: "20.20.2" };
const RESULTS: UpResults = {
  ups: [
    {
      run: 1,
      milliseconds: 50_000,
      spans: [
        { row: "cdktf deploy", stage: "up", from: 1000, to: 49_000 },
        { row: "web1", stage: "kernel", from: 2000, to: 12_000 },
        { row: "web2", stage: "kernel", from: 2000, to: 22_000 },
      ],
    },
  ],
  changes: [
    { deployer: "up", run: 1, milliseconds: 3000 },
    { deployer: "cdktf", run: 1, milliseconds: 6000 },
  ],
};

test("the report tells the whole, the steps, the stages of a machine and the changes", () => {
  const { text } = new UpReport(MACHINE, RESULTS);
  expect(text).toContain("`vipstack up` from nothing took 50.0 s (50.0 to 50.0)");
  expect(text).toMatch(/\| cdktf deploy \| 48\.0 s/);
  expect(text).toMatch(/\| kernel \| 15\.0 s/);
  expect(text).toContain("the first 0.50 (0.50 to 0.50) times as long as the second.");
});

test("the picture has a row for each step and machine, and a color for each stage", () => {
  const { up } = new UpReport(MACHINE, RESULTS).pictures;
  expect(up).toMatch(/^<svg /);
  for (const word of ["cdktf deploy", "web1", "web2", "kernel"]) expect(up).toContain(`>${word}<`);
  expect(up?.match(/<path [^>]*fill="#d55e00"/g)?.length).toBeGreaterThanOrEqual(2);
});
