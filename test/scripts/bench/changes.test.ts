import { changesOrder } from "../../../scripts/bench/changes";
import { ChangeCandidate, ChangeRun } from "../../../scripts/bench/changes-candidates";
import { ChangesReport } from "../../../scripts/bench/changes-report";
import { changesStep, loadOf } from "../../../scripts/bench/changes-steps";
import { ClientRequest } from "../../../scripts/bench/client";
import { keepalivedSettings } from "../../../scripts/bench/keepalived";

const MACHINE = { processor: "Example CPU", processors: 2, memoryGiB: 8, system: "linux x64", node: "20.20.2" };

function run(candidate: ChangeCandidate, number: number, milliseconds: number, lost: number): ChangeRun {
  return {
    ...{ candidate, servers: 50, changes: 100, run: number, milliseconds, cpuMilliseconds: milliseconds / 2 },
    ...{ opened: 2000, refused: lost, asked: 500, broken: lost, slowest: 30 + number, errors: {} },
  };
}

const REPORT = new ChangesReport(MACHINE, [
  run("ipvsadm", 1, 10_000, 7),
  run("ipvsadm", 2, 20_000, 5),
  run("ipvs", 1, 60_000, 0),
  run("ipvs", 2, 60_000, 0),
]);

test("the table has what a change takes, what is lost, and the comparison run by run", () => {
  expect(REPORT.text).toMatch(
    /\| 50 +\| ipvsadm -C, ipvsadm -R \| 200 +\| 150 ms \(100 to 200\) \| 4\.5 \(3\.0 to 6\.0\) \| 12 of 4,000 +\| 12 in 1,000 requests +\| 32 ms +\|/,
  );
  expect(REPORT.text).toMatch(/\| vipstack, ipvs +\| 200 +\| 600 ms \(600 to 600\) \| +\| 0 of 4,000 +\|/);
});

test("the picture is SVG with each candidate", () => {
  for (const text of ["ipvsadm -C, ipvsadm -R", "vipstack, ipvs", "50 real servers"])
    expect(REPORT.pictures.changes).toContain(`>${text}`);
});

test("candidates take turns, and none always comes first", () => {
  const order = changesOrder({ candidates: ["ipvsadm", "ipvs"], servers: [10, 50], runs: 2, changes: 4 });
  expect(order.map(({ candidate, servers, run }) => `${run} ${servers} ${candidate}`)).toEqual([
    ...["1 10 ipvsadm", "1 10 ipvs", "1 50 ipvsadm", "1 50 ipvs"],
    ...["2 10 ipvs", "2 10 ipvsadm", "2 50 ipvs", "2 50 ipvsadm"],
  ]);
});

test("each candidate changes the weight and takes it back, as often as wanted", () => {
  const text = (candidate: ChangeCandidate): string =>
    changesStep({ candidate, servers: 3, changes: 6, run: 1 }).run.replaceAll("/run/vipstack-bench/", "");
  const apply = "/usr/local/lib/vipstack/ipvs-rules apply --quiet";
  const rules = "/etc/vipstack/ipvs.d/static.rules";
  expect(text("ipvs")).toBe(`for _ in $(seq 3); do cp changed ${rules}; ${apply}; cp base ${rules}; ${apply}; done`);
  expect(text("ipvsadm")).toBe(
    "for _ in $(seq 3); do ipvsadm -C; ipvsadm -R < changed; ipvsadm -C; ipvsadm -R < base; done",
  );
  expect(text("keepalived")).toContain("grep -Eq '0A620002:1F90 +Masq +2 ' /proc/net/ip_vs");
});

test("keepalived gets the same services, one weight apart", () => {
  const lines = keepalivedSettings(101, 1).split("\n");
  expect(lines.filter((line) => line.startsWith("virtual_server "))).toHaveLength(3);
  expect(lines.filter((line) => line.startsWith("  real_server "))).toHaveLength(101);
  const changed = keepalivedSettings(101, 2).split("\n");
  expect(changed.filter((line, index) => line !== lines[index])).toEqual(["    weight 2"]);
});

test("the requests are counted, and what went wrong; the slowest is one that was answered", () => {
  const request = (seconds: number, problem = ""): ClientRequest => ({ at: 0, seconds, page: "", problem });
  const requests = {
    own: [request(0.02), request(15, "TimeoutError"), request(0.03)],
    kept: [request(0.25), request(0.4, "ConnectionResetError")],
  };
  expect(loadOf(requests)).toEqual({
    ...{ opened: 3, refused: 1, asked: 2, broken: 1, slowest: 250 },
    errors: { TimeoutError: 1, ConnectionResetError: 1 },
  });
});
