import { App, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { defineInventory } from "../../inventory/inventory";
import { MachinesStack } from "../../stacks/machines-stack";
import { PlatformStack } from "../../stacks/platform-stack";
import { WorkloadsStack } from "../../stacks/workloads-stack";
import { SynthResult, synthApp } from "../support/synth";

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

class Cluster extends Construct {
  constructor(
    scope: Construct,
    id: string,
    readonly httpAddress: string,
  ) {
    super(scope, id);
  }
}

/** The whole program; looks at one of its stacks. */
function program(stack: string, inventory = lab): SynthResult {
  return synthApp((app) => {
    const made = new MachinesStack(app, "machines", { inventory });
    const consul = new Cluster(made, "consul", "http://192.168.139.24:8500");
    const nomad = new Cluster(made, "nomad", "http://192.168.139.24:4646");
    const platform = new PlatformStack(app, "platform", { consul });
    new WorkloadsStack(app, "workloads", { nomad, after: [platform] });
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

  test("tells the command line what it is", () => {
    expect(JSON.parse(program(stack).file("provider.json"))).toEqual({
      ...{ name: "cluster", stack, provider, address },
      stateFolder: expect.stringMatching(/\/cluster$/) as string,
    });
  });
});

test("the order: machines, then what is in Consul, then the jobs", () => {
  const { stacks } = JSON.parse(program("machines").file("../../manifest.json")) as {
    stacks: Record<string, { dependencies: string[] }>;
  };
  expect(stacks.platform?.dependencies).toEqual(["machines"]);
  expect(stacks.workloads?.dependencies).toEqual(["machines", "platform"]);
});

test("no forward leads to the agent", () => {
  expect(() => program("platform", { ...lab, forwards: [] })).toThrow(
    "inventory 'cluster': nothing leads from this host to http://192.168.139.24:8500, which is inside the lab: " +
      'add { listen: 8500, to: "192.168.139.24:8500" } to its forwards',
  );
});

test("machines that are not in the lab are reached as they reach each other", () => {
  expect(program("platform", { ...lab, backend: "ssh" }).json).toMatchObject({
    provider: { consul: [{ address: "http://192.168.139.24:8500" }] },
  });
});

test("a cluster that exists needs an inventory, for its name", () => {
  const build = (inventory?: typeof lab) =>
    synthApp((app: App) => {
      const consul = new Cluster(app, "consul", "http://127.0.0.1:8500");
      new PlatformStack(app, "platform", { consul, inventory });
      new TerraformStack(app, "other");
      return "platform";
    });
  expect(() => build()).toThrow(
    "platform: 'inventory' must be given, since consul is in no MachinesStack: its name is that of the state folder",
  );
  expect(build(lab).json).toMatchObject({ provider: { consul: [{ address: "http://127.0.0.1:8500" }] } });
});
