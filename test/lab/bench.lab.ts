import { ohaFile, WebResults } from "../../scripts/bench/web";
import { lengthOf } from "../../scripts/bench/web-cases";
import { PLANE_CANDIDATES, PlaneRun } from "../../scripts/bench/planes-candidates";
import { SynthRun } from "../../scripts/bench/synth-candidates";
import { UpResults } from "../../scripts/bench/up";
import { Benches } from "./support/benches";
import { BOOT } from "./support/waiting";

const benches = new Benches();

test.each([
  { name: "synth", option: "--jobs" },
  { name: "synth-machines", option: "--machines" },
])("$name: both candidates are synthesized", async ({ name, option }) => {
  const { text, results } = await benches.run(name, "--runs", "1", option, "2,3");
  const { runs } = results as { runs: SynthRun[] };
  expect(runs.map(({ candidate, size }) => `${size} ${candidate}`)).toEqual([
    "2 bare",
    "2 vipstack",
    "3 bare",
    "3 vipstack",
  ]);
  for (const { milliseconds } of runs) expect(milliseconds).toBeGreaterThan(0);
  expect(text).toMatch(/^From 2 to 3 /m);
  expect(benches.formatOf(`${name}.png`)).toBe("PNG");
});

test(
  "planes: every candidate answers every load, and nothing fails",
  async () => {
    // A second can be too short: beside the machines of another test, one candidate had no answer in it.
    const { text, results } = await benches.run("planes", "--runs", "1", "--seconds", "3");
    const { runs } = results as { runs: PlaneRun[] };
    for (const { title } of Object.values(PLANE_CANDIDATES)) expect(text).toContain(`| ${title}`);
    expect(runs).toHaveLength(4 * Object.keys(PLANE_CANDIDATES).length);
    for (const run of runs) {
      expect(run).toMatchObject({ errors: 0 });
      expect(run.latency["50"]).toBeLessThanOrEqual(run.latency["99.9"]);
    }
    // A single run may take less than the kernel counts.
    for (const candidate of Object.keys(PLANE_CANDIDATES).filter((name) => name !== "direct")) {
      const times = runs
        .filter((run) => run.candidate === candidate)
        .map(({ cpuMilliseconds }) => cpuMilliseconds ?? 0);
      expect(times.reduce((sum, time) => sum + time, 0)).toBeGreaterThan(0);
    }
    expect(benches.formatOf("planes.png")).toBe("PNG");
    expect(benches.formatOf("planes-latency.png")).toBe("PNG");
  },
  2 * BOOT,
);

test(
  "up: steps and stages within the whole, and both ways of a change",
  async () => {
    const { text, results } = await benches.run("up", "--runs", "1", "--changes", "1");
    const { ups, changes } = results as UpResults;
    const [up] = ups;
    const rows = new Set(up?.spans.map(({ row }) => row));
    for (const row of ["Synthesize the program", "cdktf deploy", "client", "director", "web1", "web2"])
      expect(rows).toContain(row);
    for (const { from, to } of up?.spans ?? []) {
      expect(from).toBeGreaterThanOrEqual(0);
      expect(to).toBeGreaterThanOrEqual(from);
      expect(to).toBeLessThanOrEqual(up?.milliseconds ?? 0);
    }
    expect(changes.map(({ deployer }) => deployer)).toEqual(["up", "cdktf"]);
    expect(text).toMatch(/^`vipstack up` from nothing took \d+\.\d s/);
    expect(benches.formatOf("up.png")).toBe("PNG");
  },
  2 * BOOT,
);

/** Where oha is: the file of VIPSTACK_OHA, else in PATH. A test without it is skipped, and says so. */
function oha(): string | undefined {
  try {
    return ohaFile(process.env.VIPSTACK_OHA);
  } catch (error) {
    process.stderr.write(
      `SKIPPED: bench web (${error instanceof Error ? error.message : String(error)}; for this test: VIPSTACK_OHA=FILE)\n`,
    );
    return undefined;
  }
}
const OHA = oha();

(OHA === undefined ? describe.skip : describe)("with oha", () => {
  test(
    "web: every server answers on every path, and what was counted covers the time of its requests",
    async () => {
      const words = ["--runs", "1", "--requests", "40", "--paths", "host,director", "--plain", "--oha", OHA ?? ""];
      const { text, results } = await benches.run("web", ...words);
      const { runs, plan } = results as WebResults;
      expect(plan).toMatchObject({ nomad: false, gateway: false });
      expect(runs).toHaveLength(8);
      for (const { errors, bytes, requests, evidence, seconds } of runs) {
        expect({ errors, bytes, answered: requests.length }).toEqual({ errors: 0, bytes: 2_569_291, answered: 40 });
        expect(Math.min(...requests.map(lengthOf))).toBeGreaterThan(0);
        expect(evidence.map(({ machine }) => machine)).toEqual(["client", "director", "web"]);
        for (const { guest, host } of evidence) {
          expect(guest[0]?.from).toBeLessThanOrEqual(0);
          for (const intervals of [guest, host]) expect(intervals.at(-1)?.to).toBeGreaterThan(500 * seconds);
        }
      }
      // Without keep-alive each request has a connection of its own, with it only a few have.
      for (const keepAlive of [false, true]) {
        const requests = runs.filter((run) => run.keepAlive === keepAlive).flatMap((run) => run.requests);
        const connected = requests.filter(({ setUp }) => setUp > 0).length;
        expect(connected === requests.length).toBe(!keepAlive);
      }
      expect(text).toContain("plain Docker containers, without Nomad");
      expect(benches.formatOf("web.png")).toBe("PNG");
      expect(benches.formatOf("web-latency.png")).toBe("PNG");
      expect(benches.formatOf("web-times.png")).toBe("PNG");
    },
    2 * BOOT,
  );
});
