import { orderOf } from "../../../scripts/bench/control";
import { ControlCandidate, ControlRun, Task } from "../../../scripts/bench/control-candidates";
import { statisticsOf } from "../../../scripts/bench/guest-process";
import { ControlReport } from "../../../scripts/bench/control-report";
import { rulesOf } from "../../../scripts/bench/control-rules";
import { stepOf } from "../../../scripts/bench/control-steps";

const MACHINE = { processor: "Example CPU", processors: 2, memoryGiB: 8, system: "linux x64", node: "20.20.2" };

function runs(task: Task, servers: number, candidate: ControlCandidate, seconds: readonly number[]): ControlRun[] {
  return seconds.map((each, index) => ({
    plane: "ipvs",
    task,
    servers,
    candidate,
    run: index + 1,
    milliseconds: 1000 * each,
    cpuMilliseconds: task === "nothing" ? (candidate === "vipstack" ? 30 : 10) : 500 * each,
  }));
}

const REPORT = new ControlReport(
  MACHINE,
  [100, 1000].flatMap((servers) => [
    ...runs("first", servers, "other", [servers / 1000, servers / 500]),
    ...runs("first", servers, "vipstack", [servers / 500, servers / 500]),
    ...runs("first", servers, "keepalived", [servers / 400, servers / 400]),
    ...runs("weight", servers, "other", [servers / 1000, servers / 1000]),
    ...runs("weight", servers, "keepalived", [servers / 800, servers / 800]),
    ...runs("weight", servers, "vipstack", [servers === 100 ? 1 : 1.5, servers === 100 ? 1 : 1.5]),
    ...runs("nothing", servers, "other", [10, 10]),
    ...runs("nothing", servers, "vipstack", [10, 10]),
  ]),
);

test("the tables have the medians with their spread, the growth of a weight, and the share of a core", () => {
  expect(REPORT.text).toMatch(
    /\| ipvs {2}\| first application \| 1,000 .*\| 1\.50 s \(1\.00 to 2\.00\) \| 2\.50 s \(2\.50 to 2\.50\) .*\| 1\.5 \(1\.0 to 2\.0\)/,
  );
  expect(REPORT.text).toContain(
    "From 100 to 1,000 real servers a change of one weight takes on the ipvs plane 1.5 times as long.",
  );
  expect(REPORT.text).toMatch(/\| ipvs {2}\| 100 {10}\| 0\.2 % \(0\.2 to 0\.2\) \| 10 ms/);
});

test("the picture is SVG with the candidates of the plane", () => {
  expect(REPORT.pictures.control).toMatch(/^<svg /);
  for (const text of ["first application, ipvsadm -R", "first application, vipstack", "one weight, vipstack"])
    expect(REPORT.pictures.control).toContain(`>${text}`);
});

test("candidates take turns", () => {
  const order = orderOf({ servers: [10], planes: ["ipvs"], runs: 2, seconds: 1 });
  expect(order).toHaveLength(16);
  const turn = ["other", "keepalived", "vipstack"];
  expect(order.map(({ candidate }) => candidate).slice(0, 8)).toEqual([...turn, ...turn, "other", "vipstack"]);
});

test("the iptables plane has no keepalived, nor has a director without it", () => {
  const [options, iptables] = [{ servers: [10], runs: 1, seconds: 1 }, ["iptables"] as const];
  for (const order of [
    orderOf({ ...options, planes: iptables }),
    orderOf({ ...options, planes: ["ipvs"], withoutKeepalived: true }),
  ])
    expect(order.filter(({ candidate }) => candidate === "keepalived")).toEqual([]);
});

test("the rules are those of a director, one weight apart", () => {
  const lines = rulesOf("ipvs", 101, 1).split("\n");
  expect(lines.filter((line) => line.startsWith("-A "))).toHaveLength(3);
  expect(lines.filter((line) => line.startsWith("-a "))).toHaveLength(101);
  const changed = rulesOf("ipvs", 101, 2).split("\n");
  expect(changed.filter((line) => !lines.includes(line))).toEqual(["-a -t 10.99.0.2:80 -r 10.98.0.51:8080 -m -w 2"]);
  const filter = rulesOf("iptables", 101, 1);
  expect(filter.match(/ -j DNAT /g)).toHaveLength(101);
  expect(filter.match(/ -j SNAT /g)).toHaveLength(101);
});

test("whole tables are measured against the programs of a director", () => {
  const run = (task: Task, candidate: ControlCandidate): string =>
    stepOf({ plane: "ipvs", task, candidate, servers: 1, run: 1 }, 7).run;
  expect(run("first", "vipstack")).toBe("/usr/local/lib/vipstack/ipvs-rules apply");
  expect(run("first", "other")).toMatch(/^ipvsadm -R < /);
  expect(run("weight", "other")).toMatch(/^ipvsadm -C; ipvsadm -R < /);
  expect(run("first", "keepalived")).toContain("keepalived --check ");
  expect(run("weight", "keepalived")).toContain("kill -HUP ");
  expect(run("nothing", "vipstack")).toBe("sleep 7");
});

test("processor time of a process is its own and that of its ended children", () => {
  const fields = ["S", 1, 7, 42, 0, 0, 0, 0, 0, 0, 0, 1, 20, 300, 4000, 20, 0];
  expect(statisticsOf(`77 (a (strange) name) ${fields.join(" ")}`)).toEqual({ pid: 77, session: 42, ticks: 4321 });
});
