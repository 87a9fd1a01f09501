import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { Item, itemsOf } from "../../../cli/licences/items";
import { licencesFault, licencesText } from "../../../cli/licences/licences";
import { answered, itemsOnMachine } from "../../../cli/licences/on-machine";
import { Synthesis } from "../../../cli/synthesis";
import { ConsulServer, Deployment, Installation, LabBackend, Machine, NomadServer } from "../../../constructs";

const PROJECT = join(__dirname, "..", "..", "..");
const out = mkdtempSync(join(tmpdir(), "vipstack-licences-"));
process.env.VIPSTACK_STATE = join(out, "state");
afterAll(() => {
  rmSync(out, { recursive: true });
});

/** What a program of the repository brings to its machines. */
function itemsOfProgram(main: string): Item[] {
  const folder = mkdtempSync(join(out, "program-"));
  process.env.CDKTF_OUTDIR = folder;
  jest.isolateModules(() => {
    jest.requireActual(join(PROJECT, main));
  });
  delete process.env.CDKTF_OUTDIR;
  const synthesis = new Synthesis(folder);
  return itemsOf(synthesis, synthesis.deployments());
}

/** What a program with one machine brings to it. */
function itemsOfMachine(build: (stack: TerraformStack, machine: Machine) => void): Item[] {
  const folder = mkdtempSync(join(out, "program-"));
  const app = new App({ outdir: folder });
  const stack = new TerraformStack(app, "machines");
  const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] });
  const machine = new Machine(stack, "one", { backend, memoryMiB: 2000, interfaces: { eth0: ["10.0.0.31/24"] } });
  build(stack, machine);
  new Deployment(stack, "deployment", { name: "test", backend, stateFolder: join(folder, "state") });
  app.synth();
  const synthesis = new Synthesis(folder);
  return itemsOf(synthesis, synthesis.deployments());
}

const sumOf = (text: string | Buffer): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

describe("three machines", () => {
  const items = itemsOfProgram("examples/three-machines/main.ts");
  const named = (name: string): Item | undefined => items.find((item) => item.name === name);

  test("the packages that cloud-init installs, with their machines", () => {
    expect(items.filter(({ kind }) => kind === "package").map(({ name, licence }) => [name, licence])).toEqual([
      ["caddy", "Apache-2.0"],
      ["conntrack", "GPL-2.0-or-later"],
      ["iptables", "GPL-2.0-only"],
      ["ipvsadm", "GPL-2.0-or-later"],
    ]);
    expect(named("ipvsadm")).toMatchObject({ knownFrom: "Debian 12's copyright file", machines: ["ipvs"] });
    expect(named("caddy")?.machines).toEqual(["d2"]);
  });

  test("vipstack's own programs, with the sums of their texts", () => {
    const program = readFileSync(join(PROJECT, "constructs", "lvs", "programs", "ipvs-rules.py"));
    expect(named("ipvs-rules")).toMatchObject({
      kind: "vipstack's own",
      version: "0.1.0",
      sum: sumOf(program),
      licence: "Apache-2.0",
      place: "/usr/local/lib/vipstack/ipvs-rules",
    });
  });

  test("nothing else, all of it open source", () => {
    expect([...new Set(items.map(({ kind }) => kind))]).toEqual(["package", "vipstack's own"]);
    expect(items.filter(({ openSource }) => openSource !== true)).toEqual([]);
    expect(licencesFault(items)).toBeUndefined();
  });
});

test("the whole chain: programs of vendors in the versions of the lab, and images of gateways and jobs", () => {
  const items = itemsOfProgram("main.ts");
  const rows = items
    .filter(({ kind }) => kind === "program" || kind === "image")
    .map(({ name, version, licence, machines }) => [name, version, licence, machines.length]);
  expect(rows).toEqual([
    ["cni-plugins", "1.9.1", "Apache-2.0", 2],
    ["consul", "1.14.11", "MPL-2.0", 4],
    ["consul-template", "0.41.1", "MPL-2.0", 1],
    ["nomad", "1.6.3", "MPL-2.0", 3],
    ["apache/apisix", "3.18.0-debian", "Apache-2.0", 2],
    ["busybox", "1", undefined, 2],
  ]);
  expect(licencesText(items)).toMatch(/\n\nNot known whether open source: busybox$/);
});

test("every package that the library asks for is in the table", () => {
  const items = ["main.ts", "examples/consul-director/main.ts", "examples/existing-hosts/main.ts"].flatMap((main) =>
    itemsOfProgram(main),
  );
  const packages = items.filter(({ kind }) => kind === "package");
  expect(packages.length).toBeGreaterThan(10);
  expect(packages.filter(({ licence }) => licence === undefined).map(({ name }) => name)).toEqual([]);
});

describe("what is not open source", () => {
  const key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----";
  const sha256 = "c".repeat(64);

  test("is marked by its version, from wherever it comes, and named in the error", () => {
    const items = itemsOfMachine((stack, machine) => {
      const consul = new ConsulServer(stack, "consul", {
        machine,
        install: Installation.vendorApt({ version: "1.18.1", key }),
      });
      const url = "https://mirror.example.org/programs/nomad";
      const install = Installation.url({ url, sha256, version: "1.7.2" });
      new NomadServer(stack, "nomad", { machine, consul, install });
    });
    expect(items.find(({ name }) => name === "nomad")).toEqual({
      kind: "program",
      name: "nomad",
      version: "1.7.2",
      sum: `sha256:${sha256}`,
      licence: "BUSL-1.1",
      knownFrom: "the vendor's LICENSE files",
      openSource: false,
      machines: ["one"],
      place: "/usr/local/bin/nomad",
    });
    expect(licencesText(items)).toMatch(/\npackage +consul +1\.18\.1-1 +BUSL-1\.1, not open source +the vendor's/);
    expect(licencesFault(items)).toMatchObject({
      message: "not open source: nomad 1.7.2 (BUSL-1.1) on one; consul 1.18.1-1 (BUSL-1.1) on one",
      cure: "leave its version out, or choose one that is open source: docs/programs.md",
    });
  });
});

describe("an answer of a machine", () => {
  const common = { machines: ["one"], knownFrom: "ask who made it" };

  test("of an image: its digest, and the licence of its label", () => {
    const image: Item = { ...common, kind: "image", name: "nginx", version: "1", place: "nginx:1" };
    const digest = `sha256:${"d".repeat(64)}`;
    const labels = { "org.opencontainers.image.licenses": "BSD-2-Clause" };
    expect(answered(image, `["nginx@${digest}"] ${JSON.stringify(labels)}\n`)).toEqual({
      ...image,
      sum: digest,
      licence: "BSD-2-Clause",
      openSource: true,
      knownFrom: "a label of the image",
    });
    expect(answered(image, "[] null\n")).toEqual(image);
  });

  test("of a package of a vendor: the licence is that of its version", () => {
    const knownFrom = "the vendor's LICENSE files";
    const item: Item = {
      ...common,
      kind: "package",
      name: "consul",
      version: "1.18.1-1",
      licence: "BUSL-1.1",
      knownFrom,
    };
    expect(answered(item, "1.18.1-1\n")).toEqual({ ...item, openSource: false });
  });

  test("about what it has, through its login; what it does not have is said", async () => {
    const file = join(out, "a program");
    writeFileSync(file, "echo\n");
    const shell = { command: "sh -s" };
    const deployment = { machines: [{ name: "one", addresses: [], roles: [], shell }] };
    const items: Item[] = [
      { ...common, kind: "program", name: "app", place: file },
      { ...common, kind: "program", name: "plugins", place: out },
      { ...common, kind: "program", name: "gone", place: join(out, "gone") },
      { ...common, kind: "package", name: "no-such-package-of-debian" },
    ];
    const knownFrom = "ask who made it; it is not on the machine";
    expect(await itemsOnMachine(items, [deployment], "one")).toEqual([
      { ...items[0], sum: sumOf("echo\n") },
      items[1],
      { ...items[2], knownFrom },
      { ...items[3], knownFrom },
    ]);
    await expect(itemsOnMachine(items, [deployment], "two")).rejects.toMatchObject({
      message: "the program has no machine 'two'",
      cure: "choose one of: one",
    });
  });
});

const isDebian = existsSync("/usr/share/doc/dpkg/copyright") && existsSync("/usr/bin/dpkg-query");
if (!isDebian)
  process.stderr.write("SKIPPED: this host as a machine of Debian (it has no copyright files of Debian)\n");
(isDebian ? describe : describe.skip)("this host as a machine of Debian", () => {
  test("version and licence of a package are those that it has", async () => {
    const item: Item = { kind: "package", name: "dpkg", machines: ["one"], knownFrom: "the table" };
    const deployment = { machines: [{ name: "one", addresses: [], roles: [], shell: { command: "sh -s" } }] };
    const version = execFileSync("dpkg-query", ["--show", "--showformat", "${Version}", "dpkg"], { encoding: "utf8" });
    const knownFrom = "its copyright file on the machine";
    expect(await itemsOnMachine([item], [deployment], "one")).toEqual([
      { ...item, version, licence: "GPL-2.0-or-later", openSource: true, knownFrom },
    ]);
  });
});
