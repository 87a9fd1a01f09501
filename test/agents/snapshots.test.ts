import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TerraformStack } from "cdktf";
import { Snapshots } from "../../constructs/agents";
import { ConsulServer } from "../../constructs/consul";
import { Machine } from "../../constructs/machine";
import { NomadServer } from "../../constructs/nomad";
import { filesBelow, machinesOf, modelsOf } from "../support/agents";
import { expectGolden } from "../support/golden";
import { synth } from "../support/synth";

/** A machine with servers of both that keep snapshots. */
function both(snapshots: Snapshots, stack: TerraformStack): Machine[] {
  const machines = machinesOf(stack, ["server"]);
  const [machine] = machines as [Machine];
  const consul = new ConsulServer(stack, "consul", { machine, snapshots });
  new NomadServer(stack, "nomad", { machine, consul, snapshots });
  return machines;
}

test("a timer for each agent, and the program that both use", () => {
  const [server] = modelsOf((stack) => both(Snapshots.every("1h", { keep: 48 }), stack));
  const textOf = (name: string): string => server!.units.find((unit) => unit.name === name)?.content ?? "";
  expectGolden("vipstack-consul-snapshot.service", textOf("vipstack-consul-snapshot.service"));
  expectGolden("vipstack-consul-snapshot.timer", textOf("vipstack-consul-snapshot.timer"));
  expect(textOf("vipstack-nomad-snapshot.service")).toContain(
    "ExecStart=/usr/local/lib/vipstack/agent-snapshot nomad 48 /usr/local/bin/nomad operator snapshot save\n",
  );
  expect(textOf("vipstack-nomad-snapshot.timer")).toContain("OnUnitInactiveSec=3600\n");
});

test.each<[string, Snapshots, string]>([
  [
    "an interval below a minute",
    Snapshots.every("10s"),
    "'snapshots.interval' must be a duration of whole seconds from 1m to 24h, got \"10s\": '1h' is usual",
  ],
  ["an interval that is none", Snapshots.every("hourly"), "'snapshots.interval' must be a duration, got \"hourly\""],
  ["none kept", Snapshots.every("1h", { keep: 0 }), "'snapshots.keep' must be a whole number from 1 to 1000, got 0"],
])("refused: %s", (_, snapshots, message) => {
  expect(() => synth((stack) => both(snapshots, stack))).toThrow(message);
});

/** A command that saves something in the file that is its last word. */
const WRITE = ["sh", "-c", 'echo state > "$1"', "sh"];

describe("agent-snapshot", () => {
  let folder: string;
  let program: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vipstack-snapshots-"));
    program = join(folder, "agent-snapshot");
    const [server] = modelsOf((stack) => both(Snapshots.every("1h"), stack));
    const text = filesBelow(server!, "/usr/local/lib/vipstack")["agent-snapshot"] ?? "";
    writeFileSync(program, text.replace("/var/lib/vipstack", folder), { mode: 0o755 });
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const kept = (): string[] => readdirSync(join(folder, "snapshots", "consul")).sort();
  const save = (words: readonly string[]) => spawnSync(program, ["consul", "2", ...words], { encoding: "utf8" });

  test("keeps the newest ones, readable by their owner only", () => {
    const at = join(folder, "snapshots", "consul");
    mkdirSync(at, { recursive: true, mode: 0o700 });
    for (const hour of ["01", "02"]) writeFileSync(join(at, `consul-20260101T${hour}0000Z.snap`), "");
    expect(save(WRITE)).toMatchObject({ status: 0, stderr: "" });
    const [older, newest, ...others] = kept();
    expect([older, others]).toEqual(["consul-20260101T020000Z.snap", []]);
    expect(newest).toMatch(/^consul-\d{8}T\d{6}Z\.snap$/);
    const file = join(at, newest!);
    expect(readFileSync(file, "utf8")).toBe("state\n");
    expect((statSync(file).mode & 0o777).toString(8)).toBe("600");
  });

  test("one that can't be saved leaves those that are there", () => {
    save(WRITE);
    const before = kept();
    expect(before).toHaveLength(1);
    expect((statSync(join(folder, "snapshots", "consul")).mode & 0o777).toString(8)).toBe("700");
    expect(save(["false"]).status).toBe(1);
    expect(kept()).toEqual(before);
  });
});
