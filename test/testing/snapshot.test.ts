import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Testing } from "cdktf";
import { Caddy, Director, ForwardingMethod, LabBackend, MachinesStack, SshBackend } from "../../constructs";
import { snapshotOf } from "../../constructs/testing";
import { expectGolden } from "../support/golden";
import { lab } from "../support/inventory";

const here = process.cwd();
const root = realpathSync(mkdtempSync(join(tmpdir(), "vipstack-folders-")));
const folders = [join(root, "a"), join(root, "b", "deeper")];
for (const folder of folders) mkdirSync(folder, { recursive: true });
afterEach(() => {
  process.chdir(here);
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

function program(app: App, backend = LabBackend.factory()): App {
  const machines = new MachinesStack(app, "machines", { inventory: { ...lab, backend }, client: "vm-1" });
  const { d2, ipvs } = machines.all;
  new Caddy(machines, "caddy", { machine: d2, answers: { 80: "d2:80" } });
  new Director(machines, "director", { machine: ipvs }).addVirtualService("web", {
    address: ipvs.address,
    port: 80,
    forwarding: ForwardingMethod.masquerading({ snat: true }),
    realServers: [{ machine: d2, port: 80 }],
  });
  return app;
}

function inEachFolder<T>(of: (folder: string) => T): T[] {
  return folders.map((folder) => {
    process.chdir(folder);
    return of(folder);
  });
}

test.each([
  ["the lab", LabBackend.factory()],
  ["hosts by ssh", SshBackend.factory({ configFile: "hosts.conf" })],
])("%s: the JSON of a program is the same in every folder", (_, backend) => {
  const texts = inEachFolder(() => {
    program(new App(), backend).synth();
    return readFileSync("cdktf.out/stacks/machines/cdk.tf.json", "utf8");
  });
  expect(texts[1]).toBe(texts[0]);
  expect(texts[0]).not.toContain(root);
  expect(texts[0]).toContain('"path": "../../../.vipstack/lab/machines.tfstate"');
});

test("the paths in the JSON lead from where Terraform runs to what is meant", () => {
  process.chdir(folders[0]!);
  program(new App()).synth();
  const json = readFileSync("cdktf.out/stacks/machines/cdk.tf.json", "utf8");
  // The state holds an absolute path, as it always did.
  expect(json).toContain(String.raw`"directory": "${"$"}{abspath(\"../../../.vipstack/lab/lab\")}"`);
  const [, directory] = /"LAB_DIRECTORY": "([^"]+)"/.exec(json)!;
  expect(join(folders[0]!, "cdktf.out/stacks/machines", directory!)).toBe(join(folders[0]!, ".vipstack/lab/lab"));
});

test("an output elsewhere has absolute paths", () => {
  process.chdir(folders[0]!);
  const app = Testing.app();
  program(app).synth();
  expect(readFileSync(join(app.outdir, "stacks/machines/cdk.tf.json"), "utf8")).toContain(
    `"LAB_DIRECTORY": "${join(folders[0]!, ".vipstack/lab/lab")}"`,
  );
});

test.each([
  ["the lab", LabBackend.factory()],
  ["hosts by ssh", SshBackend.factory({ configFile: "hosts.conf" })],
])("%s: a snapshot is the same in every folder, and with an output elsewhere", (_, backend) => {
  const [first, ...others] = inEachFolder(() => [
    snapshotOf(program(new App(), backend)),
    snapshotOf(program(Testing.app(), backend)),
  ]).flat();
  for (const other of others) expect(other).toEqual(first);
  expect(JSON.stringify(first)).not.toContain(root);
  expect(JSON.stringify(first)).not.toContain(here);
});

test("a snapshot is text that can be read, of this program alone", () => {
  const snapshot = snapshotOf(program(Testing.app()));
  expect(Object.keys(snapshot)).toEqual([
    "machines/cdk.tf.json",
    "machines/lab.json",
    ...["vm-1", "d2", "ipvs"].flatMap((name) => [
      `machines/machines/${name}/machine.json`,
      `machines/machines/${name}/user-data`,
    ]),
  ]);
  expectGolden("snapshot.ipvs.user-data", snapshot["machines/machines/ipvs/user-data"] as string);
  expectGolden("snapshot.cdk.tf.json", `${JSON.stringify(snapshot["machines/cdk.tf.json"], null, 2)}\n`);
});

test("files of hosts are text, not base64", () => {
  const snapshot = snapshotOf(program(Testing.app(), SshBackend.factory()));
  const script = snapshot["machines/machines/ipvs/setup.sh"] as string;
  expect(script).toContain("put '/etc/vipstack/ipvs.d/static.rules' 0644 <<'EOF'\n-A -t 192.168.139.29:80 -s rr\n");
  expect(script).toContain("put '/usr/local/lib/vipstack/ipvs_plan.py' 0644 <<'EOF'\n<program>\nEOF\n");
});

test("nothing is written", () => {
  process.chdir(mkdtempSync(join(root, "empty-")));
  const app = new App();
  snapshotOf(program(app));
  expect(readdirSync(".", { recursive: true })).toEqual(["cdktf.out", join("cdktf.out", "stacks")]);
});

test("what is refused is an error, as of synth", () => {
  const app = program(Testing.app());
  app.node.findChild("machines").node.addValidation({ validate: () => ["that is not possible"] });
  expect(() => snapshotOf(app)).toThrow("[machines] that is not possible");
});
