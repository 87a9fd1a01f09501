// The guest of `bench control`: a director, with the programs of both planes and without rules of its own.
import { App } from "cdktf";
import { defineInventory, Director, FilterAction, MachinesStack } from "vipstack";

const inventory = defineInventory({
  name: "bench-control",
  subnets: ["10.94.0.0/24"],
  machines: [{ name: "director", address: "10.94.0.10", memoryMiB: 2048 }],
});
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
// A director needs something to do: a rule that takes nothing from anybody.
new Director(machines, "balancer", { machine: machines.all.director }).addPortFilter("discard", {
  ports: ["9"],
  action: FilterAction.DROP,
});
// Another program that keeps the kernel's table as its settings say. It is started by the bench alone.
machines.all.director.contribute(machines, {
  packages: ["keepalived"],
  commands: ["systemctl disable --now keepalived.service"],
});
app.synth();
