import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformResource, TerraformStack, Testing } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack } from "vipstack";
import type { Maker } from "./synth-candidates";

const STACK = "machines";

/** A director before so many web servers. Bare, there are the same resources, each written by hand. */
export const makeMachines: Maker = (candidate, size) => (candidate === "bare" ? bareMachines(size) : ownMachines(size));

function ownMachines(size: number): (app: App) => void {
  return (app) => {
    const inventory = defineInventory({
      name: "bench-synth",
      subnets: ["10.0.0.0/16"],
      machines: [
        { name: "director", address: "10.0.255.1" },
        ...Array.from({ length: size }, (_, index) => ({
          name: `web${index}`,
          address: `10.0.${Math.floor(index / 250)}.${(index % 250) + 2}`,
        })),
      ],
    });
    const machines = new MachinesStack(app, STACK, { inventory });
    const { director, ...webServers } = machines.all;
    if (director === undefined) throw new Error("assumption broken: the inventory has a director");
    for (const [name, machine] of Object.entries(webServers))
      new Caddy(machines, `caddy-${name}`, { machine, answers: { 80: name } });
    new Director(machines, "balancer", { machine: director }).addVirtualService("web", {
      address: "10.0.255.100",
      port: 80,
      forwarding: ForwardingMethod.directRouting(),
      realServers: Object.values(webServers).map((machine) => ({ machine })),
    });
  };
}

interface StackJson {
  readonly resource: { readonly terraform_data: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
}

/** Of the JSON that the other candidate makes. */
function bareMachines(size: number): (app: App) => void {
  const outdir = mkdtempSync(join(tmpdir(), "vipstack-bench-"));
  const model = Testing.app({ outdir });
  ownMachines(size)(model);
  model.synth();
  const file = join(outdir, "stacks", STACK, "cdk.tf.json");
  const { resource } = JSON.parse(readFileSync(file, "utf8")) as StackJson;
  rmSync(outdir, { recursive: true });
  return (app) => {
    const stack = new TerraformStack(app, STACK);
    for (const [id, properties] of Object.entries(resource.terraform_data)) {
      const made = new TerraformResource(stack, id, { terraformResourceType: "terraform_data" });
      made.overrideLogicalId(id);
      for (const [name, value] of Object.entries(properties)) if (name !== "//") made.addOverride(name, value);
    }
  };
}
