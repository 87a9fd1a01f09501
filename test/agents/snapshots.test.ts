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
    "ExecStart=/usr/local/lib/vipstack/nomad-snapshot save\n",
  );
  expect(textOf("vipstack-nomad-snapshot.timer")).toContain("OnUnitInactiveSec=3600\n");
  const programs = filesBelow(server!, "/usr/local/lib/vipstack");
  expectGolden("consul-snapshot.sh", programs["consul-snapshot"] ?? "");
  expect(programs["nomad-snapshot"]).toContain(
    '"${1:---help}" nomad 48 /var/lib/nomad/server/keystore /usr/local/bin/nomad operator snapshot\n',
  );
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

describe("agent-snapshot", () => {
  let folder: string;
  let program: string;
  let command: string;
  let keys: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vipstack-snapshots-"));
    program = join(folder, "agent-snapshot");
    const [server] = modelsOf((stack) => both(Snapshots.every("1h"), stack));
    const programs = filesBelow(server!, "/usr/local/lib/vipstack");
    writeFileSync(join(folder, "agent_access.py"), programs["agent_access.py"] ?? "");
    writeFileSync(program, (programs["agent-snapshot"] ?? "").replaceAll("/var/lib/vipstack", folder), { mode: 0o755 });
    // Saves and restores one file, as an agent's command line does with what its servers have.
    command = join(folder, "agent");
    writeFileSync(
      command,
      `#!/bin/sh\ncase $1 in save) cp ${folder}/state "$2" ;; restore) cp "$2" ${folder}/state ;; esac\necho "$1"\n`,
      { mode: 0o755 },
    );
    writeFileSync(join(folder, "state"), "state\n");
    keys = join(folder, "keys");
    mkdirSync(keys);
    writeFileSync(join(keys, "one.nks.json"), "key\n");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const kept = (): string[] => readdirSync(join(folder, "snapshots", "nomad")).sort();
  const agentSnapshot = (action: string, input?: Buffer, words: readonly string[] = [command]) =>
    spawnSync(program, [action, "nomad", "2", keys, ...words], { input });

  test("keeps the newest ones, readable by their owner only", () => {
    const at = join(folder, "snapshots", "nomad");
    mkdirSync(at, { recursive: true, mode: 0o700 });
    for (const hour of ["01", "02"]) writeFileSync(join(at, `nomad-20260101T${hour}0000Z.snap`), "");
    expect(agentSnapshot("save")).toMatchObject({ status: 0, stderr: Buffer.from("save\n") });
    const [older, newest, ...others] = kept();
    expect([older, others]).toEqual(["nomad-20260101T020000Z.snap", []]);
    expect(newest).toMatch(/^nomad-\d{8}T\d{6}Z\.snap$/);
    const file = join(at, newest!);
    expect(readFileSync(file, "utf8")).toBe("state\n");
    expect((statSync(file).mode & 0o777).toString(8)).toBe("600");
  });

  test("one that can't be saved leaves those that are there", () => {
    agentSnapshot("save");
    const before = kept();
    expect(before).toHaveLength(1);
    expect((statSync(join(folder, "snapshots", "nomad")).mode & 0o777).toString(8)).toBe("700");
    expect(agentSnapshot("save", undefined, ["false"]).status).toBe(1);
    expect(kept()).toEqual(before);
  });

  test("what is fetched is restored; the state before is saved first", () => {
    const { stdout: archive } = agentSnapshot("fetch");
    writeFileSync(join(folder, "state"), "another state\n");
    const { status, stdout } = agentSnapshot("restore", archive);
    expect(status).toBe(0);
    expect(readFileSync(join(folder, "state"), "utf8")).toBe("state\n");
    const saved = /^The state before is (\S+)$/m.exec(stdout.toString())?.[1] ?? "none";
    expect(readFileSync(saved, "utf8")).toBe("another state\n");
    expect(readdirSync(join(folder, "snapshots"))).toEqual(["nomad"]);
  });

  test.each<[string, (archive: Buffer) => Buffer, string]>([
    ["nothing", () => Buffer.alloc(0), "standard input is no archive of 'fetch'"],
    ["a snapshot itself", () => Buffer.from("state\n"), "standard input is no archive of 'fetch'"],
    [
      "another archive",
      () => spawnSync("tar", ["--create", "--directory", folder, "state"]).stdout,
      "the archive has state, which 'fetch' does not write",
    ],
  ])("refused: %s", (_, change, message) => {
    const { status, stderr } = agentSnapshot("restore", change(agentSnapshot("fetch").stdout));
    expect(status).toBe(1);
    expect(stderr.toString()).toContain(message);
    expect(readdirSync(keys)).toEqual(["one.nks.json"]);
  });
});
