import { ConvergenceBudget } from "../../../constructs/lvs";
import { ClientRequest } from "../../../scripts/bench/client";
import { readBudgets } from "../../../scripts/bench/convergence-budget";
import { ConvergenceResults, ConvergenceRun } from "../../../scripts/bench/convergence-plan";
import { ConvergenceReport } from "../../../scripts/bench/convergence-report";
import { changeStep, machineOf, runOf } from "../../../scripts/bench/convergence-steps";

const MACHINE = { processor: "Example CPU", processors: 2, memoryGiB: 8, system: "linux x64", node: "20.20.2" };
const TABLE = new ConvergenceBudget({ shutdownDelay: "10s" }).table("web");

/** Requests each half second from one before the command on, which these instances answer in turn. */
function asked(seconds: number, instancesAt: (at: number) => readonly string[]): ClientRequest[] {
  return Array.from({ length: 2 * seconds + 2 }, (_, index): ClientRequest => {
    const at = index / 2 - 1;
    const instances = instancesAt(at);
    const page = `${instances[index % instances.length] ?? ""} ${(at + 100).toFixed(3)}`;
    return { at, seconds: 0.01, page, problem: "" };
  });
}

test("the budget is the sums of the table that vipstack writes", () => {
  expect(readBudgets(TABLE)).toEqual({
    scaleOut: { usual: 2.3, worst: 14.5 },
    scaleIn: { usual: 1.3, worst: 9.5 },
    failure: { usual: 4.3, worst: 19.5 },
  });
  expect(() => readBudgets("convergence of web\n")).toThrow("this is no table of a service's convergence:");
});

test("scale-out is until the first request of the instance that has not answered before, with the time for which it listens", () => {
  const requests = asked(10, (at) => (at < 3 ? ["a", "b"] : ["a", "b", "c"]));
  const lost: ClientRequest = { at: 4.25, seconds: 5, page: "", problem: "TimeoutError" };
  expect(runOf("scale-out", 2, [...requests, lost])).toEqual({
    step: "scale-out",
    run: 2,
    seconds: 3,
    listening: 103,
    requests: 21,
    lost: [{ at: 4.25, problem: "TimeoutError" }],
    answers: { a: 8, b: 7, c: 5 },
  });
});

test("scale-in is until the last request of the instance that does not answer any more", () => {
  const { seconds, listening, lost } = runOf(
    "scale-in",
    1,
    asked(10, (at) => (at < 2 ? ["a", "b", "c"] : ["a", "b"])),
  );
  expect({ seconds, listening, lost }).toEqual({ seconds: 1.5, listening: undefined, lost: [] });
});

test("no instance that changed is an error", () => {
  const requests = asked(10, () => ["a", "b"]);
  expect(() => runOf("scale-out", 1, requests)).toThrow("scale-out: not one instance of a, b, but none changed");
});

test("the count of a job changes once Nomad has done with the one before; without Nomad the agent does it", () => {
  const withNomad = changeStep({ nomad: true }, "scale-in");
  expect(withNomad.prepare).toContain("nomad job deployments -json web");
  expect(withNomad.run).toBe("nomad job scale -detach web servers 2");
  expect(changeStep({ nomad: true }, "scale-out").run).toBe("nomad job scale -detach web servers 3");
  expect(changeStep({ nomad: false }, "scale-out").run).toMatch(
    /^systemctl start bench-instance\.service; .*\/agent\/reload$/,
  );
  expect(changeStep({ nomad: false }, "scale-in").run).toMatch(
    /\/agent\/service\/deregister\/web-8080; \{ sleep 10; systemctl stop bench-instance\.service; \}/,
  );
  expect([machineOf({ nomad: true }), machineOf({ nomad: false })]).toEqual(["control", "web3"]);
});

function run(step: ConvergenceRun["step"], number: number, seconds: number, lost = 0): ConvergenceRun {
  return {
    step,
    run: number,
    seconds,
    ...(step === "scale-out" && { listening: seconds - 1 }),
    requests: 1000,
    lost: Array.from({ length: lost }, () => ({ at: 1, problem: "TimeoutError" })),
    answers: { a: 500, b: 500 - lost },
  };
}

const RESULTS: ConvergenceResults = {
  plan: { nomad: true },
  table: TABLE,
  runs: [run("scale-in", 1, 1.9), run("scale-out", 1, 3), run("scale-in", 2, 3.8, 2), run("scale-out", 2, 5)],
};

test("the report has the budget beside what was measured, and what was lost", () => {
  const { text } = new ConvergenceReport(MACHINE, RESULTS);
  expect(text).toContain("those of a Nomad job whose count is changed");
  expect(text).toMatch(
    /\| scale-out +\| 4\.0 s \(3\.0 to 5\.0\) +\| 14\.5 s, usually 2\.3 s \| 28 % \(21 to 34\) +\| 0 of 2,000 +\|/,
  );
  expect(text).toMatch(/\| scale-out since the start +\| 3\.0 s \(2\.0 to 4\.0\) +\| 14\.5 s/);
  expect(text).toMatch(
    /\| scale-in +\| 2\.\d s \(1\.9 to 3\.8\) +\| 9\.5 s, usually 1\.3 s +\| 30 % \(20 to 40\) +\| 2 of 2,000 +\|/,
  );
  expect(text).toContain("the median of 2 runs");
  const plain = { ...RESULTS, plan: { nomad: false }, runs: RESULTS.runs.slice(0, 2) };
  expect(new ConvergenceReport(MACHINE, plain).text).toMatch(/^The instances run without Nomad: [^]*measured once/);
});

test("the picture has a bar for the measured time and for both budgets", () => {
  const { convergence } = new ConvergenceReport(MACHINE, RESULTS).pictures;
  expect(convergence).toMatch(/^<svg /);
  for (const word of ["measured", "budget, usually", "budget, at worst", "scale-in"])
    expect(convergence).toContain(`>${word}<`);
});
