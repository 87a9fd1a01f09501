// Persistence: a client stays with its real server until it has been away for a minute.
import { App } from "cdktf";
import { Caddy, Director, ForwardingMethod } from "../../constructs";
import { defineInventory } from "../../inventory/inventory";
import { MachinesStack } from "../../stacks/machines-stack";

const inventory = defineInventory({
  name: "persistence",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "d2", address: "192.168.139.184" },
    { name: "ipvs", address: "192.168.139.29" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "vm-1" });
const { d2, ipvs } = machines.all;

new Caddy(machines, "caddy", { machine: d2, answers: { 80: "d2:80", 81: "d2:81" } });
new Director(machines, "director", { machine: ipvs }).addVirtualService("web", {
  address: ipvs.address,
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  persistenceTimeoutSeconds: 60,
  realServers: [
    { machine: d2, port: 80 },
    { machine: d2, port: 81 },
  ],
});

app.synth();
