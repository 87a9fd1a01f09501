import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { BackendFactory, ConsulServer, Installation, NomadServer, SshBackend, WebJob } from "../../constructs";
import { defineInventory, MachinesStack, PlatformStack, WorkloadsStack } from "../../constructs/stacks";
import { OfferingBackend } from "../support/agents";
import { SynthResult, synthApp } from "../support/synth";

// Synth makes the folders of states, and describes the stacks in them.
const state = mkdtempSync(join(tmpdir(), "vipstack-stacks-"));
process.env.VIPSTACK_STATE = state;
afterAll(() => {
  rmSync(state, { recursive: true });
});

const machines = [{ name: "server", address: "192.168.139.24" }] as const;
const lab = defineInventory({
  name: "cluster",
  subnets: ["192.168.139.0/24"],
  machines,
  forwards: [
    { listen: 18500, to: "192.168.139.24:8500" },
    { listen: 14646, to: "192.168.139.24:4646" },
  ],
});

/** The whole program; looks at one of its stacks. */
function program(
  stack: string,
  inventory = lab,
  jobs: (workloads: WorkloadsStack) => void = () => undefined,
): SynthResult {
  return synthApp((app) => {
    const made = new MachinesStack(app, "machines", { inventory });
    const machine = made.all.server;
    const install = Installation.url({
      version: "1.14.11",
      url: "https://downloads.example/agent",
      sha256: "5".repeat(64),
    });
    const consul = new ConsulServer(made, "consul", { machine, install });
    const dynamicPorts = { min: 25000, max: 26000 };
    const nomad = new NomadServer(made, "nomad", { machine, consul, install, dynamicPorts, client: { docker: true } });
    jobs(new WorkloadsStack(app, "workloads", { nomad }));
    new PlatformStack(app, "platform", { consul });
    return stack;
  });
}

describe.each([
  ["platform", "consul", "http://127.0.0.1:18500"],
  ["workloads", "nomad", "http://127.0.0.1:14646"],
])("stack %s", (stack, provider, address) => {
  test("talks to its agent by the lab's forward, and keeps its state beside the machines'", () => {
    const { json } = program(stack);
    expect(json).toMatchObject({ provider: { [provider]: [{ address }] } });
    expect(json.terraform.backend).toEqual({
      local: { path: expect.stringMatching(new RegExp(`/cluster/${stack}\\.tfstate$`)) as string },
    });
  });

  test("describes itself to the command line", () => {
    expect(JSON.parse(program(stack).file("provider.json"))).toEqual({
      ...{ name: "cluster", stack, provider, address, machines: "machines" },
      stateFolder: expect.stringMatching(/\/cluster$/) as string,
    });
  });
});

test("states are for their owner alone, also what Terraform wrote with other modes", () => {
  program("workloads");
  const folder = join(state, "cluster");
  writeFileSync(join(folder, "workloads.tfstate"), "{}", { mode: 0o644 });
  chmodSync(folder, 0o755);
  program("workloads");
  const modes = [folder, ...readdirSync(folder).map((name) => join(folder, name))].map(
    (file) => `${basename(file)} ${(statSync(file).mode & 0o777).toString(8)}`,
  );
  expect(modes).toEqual([
    "cluster 700",
    "platform.provider.json 600",
    "workloads.provider.json 600",
    "workloads.tfstate 600",
  ]);
});

test("jobs that a platform waits for don't wait for it", () => {
  const outdir = synthApp((app) => {
    const consul = ConsulServer.fromConsulServerAttributes(app, "consul", {
      address: "http://127.0.0.1:8500",
      retryJoin: ["127.0.0.1"],
    });
    const nomad = NomadServer.fromNomadServerAttributes(app, "nomad", { address: "http://127.0.0.1:4646", consul });
    const workloads = new WorkloadsStack(app, "workloads", { nomad, inventory: lab });
    new PlatformStack(app, "platform", { consul, inventory: lab, after: [workloads] });
    new PlatformStack(app, "elsewhere", { consul, inventory: { ...lab, name: "elsewhere" } });
    return "platform";
  });
  const { stacks } = JSON.parse(outdir.file("../../manifest.json")) as {
    stacks: Record<string, { dependencies: string[] }>;
  };
  expect(stacks.platform?.dependencies).toEqual(["workloads"]);
  expect(stacks.workloads?.dependencies).toEqual([]);
});

test("the order: machines, then what is in Consul, then the jobs", () => {
  const { stacks } = JSON.parse(program("machines").file("../../manifest.json")) as {
    stacks: Record<string, { dependencies: string[] }>;
  };
  expect(stacks.platform?.dependencies).toEqual(["machines"]);
  expect(stacks.workloads?.dependencies).toEqual(["machines", "platform"]);
});

describe("forwards of the lab", () => {
  const addressIn = (result: SynthResult) =>
    (result.json as unknown as { provider: Record<string, { address: string }[]> }).provider;
  const forwardsOf = (result: SynthResult) =>
    (JSON.parse(result.file("../machines/lab.json")) as { forwards: unknown }).forwards;

  test("those that the stacks need are made", () => {
    const platform = program("platform", { ...lab, forwards: [] });
    expect(addressIn(platform)).toEqual({ consul: [{ address: "http://127.0.0.1:8500" }] });
    expect(forwardsOf(platform)).toEqual([
      { listen: 4646, to: "192.168.139.24:4646" },
      { listen: 8500, to: "192.168.139.24:8500" },
    ]);
    const { access } = JSON.parse(platform.file("../machines/deployment.json")) as { access: { forwards: unknown } };
    expect(access.forwards).toEqual(forwardsOf(platform));
    expect(platform.file("../machines/cdk.tf.json")).toContain(
      '"forwards": "4646=192.168.139.24:4646 8500=192.168.139.24:8500"',
    );
  });

  test("one that is given wins, and its port is not used twice", () => {
    const forwards = [
      { listen: 4646, to: "192.168.139.29:80" },
      { listen: 18500, to: "192.168.139.24:8500" },
    ];
    const platform = program("platform", { ...lab, forwards });
    expect(addressIn(platform)).toEqual({ consul: [{ address: "http://127.0.0.1:18500" }] });
    expect(forwardsOf(platform)).toEqual([...forwards, { listen: 4647, to: "192.168.139.24:4646" }]);
  });

  test("outside of the lab there is none to make", () => {
    const build = () =>
      synthApp((app: App) => {
        new MachinesStack(app, "machines", { inventory: { ...lab, forwards: [] } });
        const attributes = { address: "http://10.9.9.9:8500", retryJoin: ["10.9.9.9"] };
        const consul = ConsulServer.fromConsulServerAttributes(app, "consul", attributes);
        new PlatformStack(app, "platform", { consul, inventory: lab });
        return "platform";
      });
    expect(build).toThrow("platform: 'inventory.forwards' must lead from this host to http://10.9.9.9:8500");
  });

  test("a backend that can't reach the agent is an error with the line to add", () => {
    const backend: BackendFactory = (scope) => {
      const made = new OfferingBackend(scope, "lab");
      return Object.assign(made, { fromHost: () => undefined });
    };
    expect(() => program("platform", { ...lab, backend })).toThrow(
      "workloads: 'inventory.forwards' must lead from this host to http://192.168.139.24:4646, which is inside machines/lab: " +
        'add { listen: 4646, to: "192.168.139.24:4646" }',
    );
  });
});

test("machines that are not in the lab are reached as they reach each other", () => {
  expect(program("platform", { ...lab, backend: SshBackend.factory() }).json).toMatchObject({
    provider: { consul: [{ address: "http://192.168.139.24:8500" }] },
  });
});

test("a cluster that exists needs an inventory, for its name", () => {
  const build = (inventory?: typeof lab) =>
    synthApp((app: App) => {
      const attributes = { address: "http://127.0.0.1:8500", retryJoin: ["127.0.0.1"] };
      const consul = ConsulServer.fromConsulServerAttributes(app, "consul", attributes);
      new PlatformStack(app, "platform", { consul, inventory });
      new TerraformStack(app, "other");
      return "platform";
    });
  expect(() => build()).toThrow(
    "platform: 'inventory' must be given, because consul is in no MachinesStack: give that of the deployment, whose name the state folder has",
  );
  expect(build(lab).json).toMatchObject({ provider: { consul: [{ address: "http://127.0.0.1:8500" }] } });
});

test("jobs are checked against the stack's own cluster: here its dynamic ports", () => {
  const job = (port: number) => () =>
    program("workloads", lab, (stack) => {
      const docker = { image: "busybox:1", command: "httpd" };
      new WebJob(stack, "web", { docker, ports: { www: { static: port } }, update: { canary: 0, autoPromote: false } });
    });
  expect(job(25500)).toThrow("can't lie in the dynamic range 25000 to 26000");
  expect(job(20500)).not.toThrow();
});
