// Direct routing: the director only changes the MAC address; the real servers answer the client themselves.
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack } from "vipstack";

const inventory = defineInventory({
  name: "direct-routing",
  subnets: ["10.77.0.0/24"],
  machines: [
    { name: "client", address: "10.77.0.10" },
    { name: "director", address: "10.77.0.20" },
    { name: "web1", address: "10.77.0.31" },
    { name: "web2", address: "10.77.0.32" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, web1, web2 } = machines.all;

new Caddy(machines, "caddy-web1", { machine: web1, answers: { 80: "web1" } });
new Caddy(machines, "caddy-web2", { machine: web2, answers: { 80: "web2" } });
new Director(machines, "balancer", { machine: director }).addVirtualService("web", {
  address: "10.77.0.100",
  port: 80,
  forwarding: ForwardingMethod.directRouting(),
  realServers: [{ machine: web1 }, { machine: web2 }],
});

app.synth();
