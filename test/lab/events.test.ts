import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { formatEvent, Progress } from "../../lab/events";
import { LabState } from "../../lab/state";

test("an event is one line for the user", () => {
  const event = {
    time: "2026-01-02T03:04:05.678Z",
    machine: "ipvs",
    stage: "failed",
    detail: "unit x failed",
  } as const;
  expect(formatEvent(event)).toBe("03:04:05 ipvs: FAILED: unit x failed");
  expect(formatEvent({ ...event, machine: null, stage: "image" })).toBe("03:04:05 lab: unit x failed");
});

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-state-"));
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
});

test("events are appended as lines of JSON; the same one twice in a row is written once", () => {
  const state = new LabState(path.join(folder, "events"));
  fs.mkdirSync(state.dir);
  const progress = new Progress(state, true);
  progress.tell("ipvs", "kernel", "Linux started", 2);
  progress.tell("ipvs", "kernel", "Linux started", 2);
  progress.tell(null, "network", "up");
  const lines = fs.readFileSync(state.file("events.ndjson"), "utf8").trim().split("\n");
  const time = expect.any(String) as string;
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { time, machine: "ipvs", stage: "kernel", detail: "Linux started", percent: 2 },
    { time, machine: null, stage: "network", detail: "up" },
  ]);
});
