import { CHANGE_CANDIDATES, ChangeRun } from "../../scripts/bench/changes-candidates";
import { ControlRun } from "../../scripts/bench/control-candidates";
import { ConvergenceResults } from "../../scripts/bench/convergence-plan";
import { havePrograms } from "../support/programs";
import { Benches } from "./support/benches";
import { BOOT } from "./support/waiting";

const benches = new Benches();

test(
  "changes: every candidate changes the table while connections are opened and kept",
  async () => {
    const { text, results } = await benches.run("changes", "--runs", "1", "--changes", "4");
    const { runs } = results as { runs: ChangeRun[] };
    expect(runs.map(({ candidate }) => candidate)).toEqual(Object.keys(CHANGE_CANDIDATES));
    for (const { opened, asked } of runs) {
      expect(opened).toBeGreaterThan(0);
      expect(asked).toBeGreaterThan(0);
    }
    const lossless = runs.filter(({ candidate }) => candidate === "ipvs" || candidate === "iptables");
    for (const { refused, broken } of lossless) expect({ refused, broken }).toEqual({ refused: 0, broken: 0 });
    for (const { title } of Object.values(CHANGE_CANDIDATES)) expect(text).toContain(`| ${title}`);
    expect(benches.formatOf("changes.png")).toBe("PNG");
  },
  2 * BOOT,
);

test(
  "control: every candidate is measured on a director of its own",
  async () => {
    const { text, results } = await benches.run(
      "control",
      "--runs",
      "1",
      "--servers",
      "3",
      "--planes",
      "ipvs,iptables",
      "--seconds",
      "1",
    );
    const { runs } = results as { runs: ControlRun[] };
    const done = (plane: string) =>
      runs.filter((run) => run.plane === plane).map(({ task, candidate }) => `${task} ${candidate}`);
    expect(done("ipvs")).toEqual([
      ...["first other", "first keepalived", "first vipstack"],
      ...["weight other", "weight keepalived", "weight vipstack"],
      ...["nothing other", "nothing vipstack"],
    ]);
    expect(done("iptables")).toEqual([
      ...["first other", "first vipstack", "weight other", "weight vipstack"],
      ...["nothing other", "nothing vipstack"],
    ]);
    for (const { milliseconds } of runs) expect(milliseconds).toBeGreaterThan(0);
    expect(text).toMatch(/^\| iptables \| one weight +\| 3 /m);
    expect(benches.formatOf("control.png")).toBe("PNG");
  },
  2 * BOOT,
);

/** An instance leaves and comes back, and the report has the budget beside it. */
async function expectConvergence(nomad: boolean, ...words: string[]): Promise<void> {
  const { text, results } = await benches.run("convergence", "--runs", "1", ...words);
  const { plan, runs } = results as ConvergenceResults;
  expect(plan).toEqual({ nomad });
  expect(runs.map(({ step }) => step)).toEqual(["scale-in", "scale-out"]);
  for (const { seconds, requests, answers } of runs) {
    expect(seconds).toBeGreaterThan(0);
    expect(requests).toBeGreaterThan(100);
    expect(Object.keys(answers)).toHaveLength(3);
  }
  expect(text).toMatch(/\| scale-out +\| .* s \(.*\| 14\.5 s, usually 2\.3 s/);
  expect(benches.formatOf("convergence.png")).toBe("PNG");
}

test("convergence: an instance leaves and comes back", () => expectConvergence(false, "--plain"), 2 * BOOT);

const testWithNomad = havePrograms("bench convergence with Nomad", "nomad") ? test : test.skip;
testWithNomad("convergence: an instance of a Nomad job leaves and comes back", () => expectConvergence(true), 2 * BOOT);
