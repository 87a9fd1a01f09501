import { planesOrder } from "../../../scripts/bench/planes";
import { Load, LOADS, PlaneCandidate, PlaneRun } from "../../../scripts/bench/planes-candidates";
import { PlanesReport } from "../../../scripts/bench/planes-report";
import { planeStep, readAnswers } from "../../../scripts/bench/planes-steps";

const MACHINE = { processor: "Example CPU", processors: 2, memoryGiB: 8, system: "linux x64", node: "20.20.2" };

/** Two runs with each load: so many answers in ten seconds, and so many milliseconds for one. */
function runs(candidate: PlaneCandidate, requests: readonly number[], milliseconds: number): PlaneRun[] {
  return (Object.keys(LOADS) as Load[]).flatMap((load) =>
    requests.map((each, index) => ({
      candidate,
      load,
      run: index + 1,
      requests: each,
      bytes: each * 1_000_000,
      seconds: 10,
      errors: candidate === "haproxy" ? 1 : 0,
      latency: {
        "50": milliseconds,
        "90": milliseconds,
        "99": 2 * milliseconds,
        "99.9": 3 * milliseconds,
        "99.99": 4 * milliseconds,
      },
      ...(candidate === "direct" ? {} : { cpuMilliseconds: each / 100 }),
    })),
  );
}

const REPORT = new PlanesReport(MACHINE, [
  ...runs("direct", [10_000, 20_000], 1),
  ...runs("routing", [9_000, 19_000], 1.5),
  ...runs("haproxy", [4_000, 12_000], 2.5),
]);

test("rates are against no director in the same run, with the processor time of the machine in the middle", () => {
  expect(REPORT.text).toMatch(
    /\| direct +\| 1,500 \(1,000 to 2,000\) +\| 1,500 \(1,000 to 2,000\) \| 12000 Mbit\/s \(8000 to 16000\) \| none/,
  );
  expect(REPORT.text).toMatch(
    /\| IPVS, direct routing \| 0\.93 \(0\.90 to 0\.95\) +\| 0\.93 .* \| 0\.93 .* \| 10 µs \(10 to 10\)/,
  );
  expect(REPORT.text).toMatch(/\| HAProxy, mode tcp +\| 0\.50 \(0\.40 to 0\.60\)/);
});

test("latency is what comes on top, and what failed is told", () => {
  expect(REPORT.text).toMatch(/\| direct +\| 1\.00 ms .* \| 2\.00 ms .* \| 3\.00 ms/);
  expect(REPORT.text).toMatch(/\| IPVS, direct routing \| \+0\.50 ms .* \| \+1\.00 ms .* \| \+1\.50 ms/);
  expect(REPORT.text).toContain("Requests or connections that failed: HAProxy, mode tcp 8.");
});

test("the pictures are SVG with all candidates", () => {
  const { planes, "planes-latency": latency } = REPORT.pictures;
  for (const picture of [planes, latency]) {
    expect(picture).toMatch(/^<svg /);
    expect(picture).toContain(">HAProxy, mode tcp");
  }
  expect(planes).toContain(">requests with keep-alive");
  expect(latency).toContain(">p99.99");
});

test("a percentile without a request beyond it is not told", () => {
  const short = new PlanesReport(MACHINE, [...runs("direct", [900, 2000], 1), ...runs("routing", [2000, 2000], 2)]);
  expect(short.text).toMatch(/\| direct +\| 1\.00 ms .* \| 2\.00 ms .* \| too few +\|/);
  expect(short.text).toMatch(/\| IPVS, direct routing \| .* \| \+2\.00 ms .* \| too few +\|/);
});

test("candidates take turns", () => {
  const order = planesOrder({ candidates: ["direct", "routing"], runs: 2, seconds: 1 });
  expect(order).toHaveLength(16);
  expect(order.slice(0, 3)).toEqual([
    { candidate: "direct", load: "connections", run: 1 },
    { candidate: "routing", load: "connections", run: 1 },
    { candidate: "direct", load: "requests", run: 1 },
  ]);
});

test("a client without keep-alive says so, and asks the virtual address", () => {
  const { prepare, run } = planeStep({ candidate: "routing", load: "connections", run: 1 }, 7);
  expect(run).toMatch(/^wrk .* --duration 7s .* --header 'Connection: close' http:\/\/10\.95\.0\.101\/small$/);
  expect(prepare).toContain("--duration 1s");
  expect(planeStep({ candidate: "direct", load: "bulk", run: 1 }, 7).run).not.toContain("--header");
});

test("what wrk prints is read, in milliseconds", () => {
  const line =
    '{ "requests": 12, "bytes": 3000, "microseconds": 2000000, "errors": 1, "latency": { "50": 100, "90": 200, "99": 300, "99.9": 4000, "99.99": 5000 } }';
  const what = { candidate: "snat", load: "requests", run: 1 } as const;
  expect(readAnswers(what, `Running 2s test\n${line}\n`)).toEqual({
    requests: 12,
    bytes: 3000,
    seconds: 2,
    errors: 1,
    latency: { "50": 0.1, "90": 0.2, "99": 0.3, "99.9": 4, "99.99": 5 },
  });
  expect(() => readAnswers(what, line.replace(": 12", ": 0"))).toThrow(
    "requests with keep-alive, IPVS, masquerading with SNAT: there was no answer",
  );
  expect(() => readAnswers(what, "unable to connect")).toThrow("wrk did not tell what it found:\nunable to connect");
});
