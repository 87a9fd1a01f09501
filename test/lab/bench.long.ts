import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { ohaFile, WebResults } from "../../scripts/bench/web";
import { lengthOf } from "../../scripts/bench/web-cases";
import { measureOn } from "../../scripts/bench/control";
import { CHANGE_CANDIDATES, ChangeRun } from "../../scripts/bench/changes-candidates";
import { ControlRun, PLANES, TASKS } from "../../scripts/bench/control-candidates";
import { Progress } from "../../scripts/bench/progress";
import { PLANE_CANDIDATES, PlaneRun } from "../../scripts/bench/planes-candidates";
import type { ConvergenceResults } from "../../scripts/bench/convergence-plan";
import type { UpResults } from "../../scripts/bench/up";
import { havePrograms } from "../support/programs";
import { deployed } from "./support/deployment";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// Benches, once and as short as they can be: they work, and what they write makes sense. Nothing here
// looks at how fast anything is.

const MAIN = join(__dirname, "..", "..", "dist", "scripts", "bench", "main.js");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vipstack-lab-test-bench-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** @returns the table, and what is in the file of all runs */
async function bench(name: string, ...words: string[]): Promise<{ text: string; results: unknown }> {
  const { stdout } = await execa("node", [MAIN, name, ...words, "--output", folder], {
    // The folder of its machines, so that no other bench of this host has the same.
    env: { TMPDIR: folder, CI: "true" },
  });
  return { text: stdout, results: JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as unknown };
}

function isPng(name: string): boolean {
  return readFileSync(join(folder, `${name}.png`))
    .subarray(1, 4)
    .equals(Buffer.from("PNG"));
}

test(
  "planes: every candidate answers every load, and nothing fails",
  async () => {
    const { text, results } = await bench("planes", "--runs", "1", "--seconds", "1");
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
    expect(isPng("planes") && isPng("planes-latency")).toBe(true);
  },
  2 * BOOT,
);

test(
  "up: steps and stages within the whole, and both ways of a change",
  async () => {
    const { text, results } = await bench("up", "--runs", "1", "--changes", "1");
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
    expect(isPng("up")).toBe(true);
  },
  2 * BOOT,
);

test(
  "changes: every candidate changes the table while connections are opened and kept",
  async () => {
    const { text, results } = await bench("changes", "--runs", "1", "--changes", "4");
    const { runs } = results as { runs: ChangeRun[] };
    expect(runs.map(({ candidate }) => candidate)).toEqual(Object.keys(CHANGE_CANDIDATES));
    for (const { opened, asked } of runs) {
      expect(opened).toBeGreaterThan(0);
      expect(asked).toBeGreaterThan(0);
    }
    const lossless = runs.filter(({ candidate }) => candidate === "ipvs" || candidate === "iptables");
    for (const { refused, broken } of lossless) expect({ refused, broken }).toEqual({ refused: 0, broken: 0 });
    for (const { title } of Object.values(CHANGE_CANDIDATES)) expect(text).toContain(`| ${title}`);
    expect(isPng("changes")).toBe(true);
  },
  2 * BOOT,
);

test(
  "control: every candidate is measured on a director of its own",
  async () => {
    const { results } = await bench("control", "--runs", "1", "--servers", "3", "--planes", "ipvs", "--seconds", "1");
    const { runs } = results as { runs: ControlRun[] };
    expect(runs.map(({ task, candidate }) => `${task} ${candidate}`)).toEqual([
      ...["first other", "first keepalived", "first vipstack"],
      ...["weight other", "weight keepalived", "weight vipstack"],
      ...["nothing other", "nothing vipstack"],
    ]);
    for (const { milliseconds } of runs) expect(milliseconds).toBeGreaterThan(0);
  },
  2 * BOOT,
);

const withNomad = havePrograms("bench convergence with Nomad", "nomad");
test.each([{ nomad: false, words: ["--plain"] }, ...(withNomad ? [{ nomad: true, words: [] }] : [])])(
  "convergence (with Nomad: $nomad): an instance leaves and comes back, and the report has the budget beside it",
  async ({ nomad, words }) => {
    const { text, results } = await bench("convergence", "--runs", "1", ...words);
    const { plan, runs } = results as ConvergenceResults;
    expect(plan).toEqual({ nomad });
    expect(runs.map(({ step }) => step)).toEqual(["scale-in", "scale-out"]);
    for (const { seconds, requests, answers } of runs) {
      expect(seconds).toBeGreaterThan(0);
      expect(requests).toBeGreaterThan(100);
      expect(Object.keys(answers)).toHaveLength(3);
    }
    expect(text).toMatch(/\| scale-out +\| .* s \(.*\| 14\.5 s, usually 2\.3 s/);
    expect(isPng("convergence")).toBe(true);
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
      const { text, results } = await bench("web", ...words);
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
      expect(isPng("web") && isPng("web-latency") && isPng("web-times")).toBe(true);
    },
    2 * BOOT,
  );
});

describe("control", () => {
  const weights = deployed("weights");
  const table = async (): Promise<string> => (await weights.on("ipvs", "ipvsadm -S -n")).trim();

  test(
    "each task is measured, and the director is left as it was",
    async () => {
      const before = await table();
      const options = { servers: [3], planes: PLANES, runs: 1, seconds: 1, withoutKeepalived: true } as const;
      const runs = await measureOn(weights.labDirectory, "ipvs", options, new Progress());
      expect(runs).toHaveLength(PLANES.length * Object.keys(TASKS).length * 2);
      for (const { milliseconds, cpuMilliseconds } of runs) {
        expect(milliseconds).toBeGreaterThan(0);
        expect(cpuMilliseconds).toBeGreaterThanOrEqual(0);
      }
      expect(await table()).toBe(before);
      await weights.on(
        "ipvs",
        "cd /usr/local/lib/vipstack; ./ipvs-rules check; ./iptables-rules check; ! test -e /run/vipstack-bench",
      );
      await eventually(async () => {
        expect(await weights.answers("vm-1", "http://192.168.139.29:80/", 1)).not.toEqual({});
      });
    },
    5 * MINUTES,
  );
});
