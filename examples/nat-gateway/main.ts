// Masquerading with the director as the real servers' gateway: both directions pass through the director, which keeps the client's address.
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack } from "vipstack";

const inventory = defineInventory({
  name: "nat-gateway",
  subnets: ["10.77.0.0/24", "10.77.1.0/24"],
  machines: [
    { name: "client", address: "10.77.0.10" },
    { name: "director", address: ["10.77.0.20", "10.77.1.20"] },
    { name: "web1", address: "10.77.1.31" },
    { name: "web2", address: "10.77.1.32" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, web1, web2 } = machines.all;

new Caddy(machines, "caddy-web1", { machine: web1, answers: { 8080: "web1" } });
new Caddy(machines, "caddy-web2", { machine: web2, answers: { 8080: "web2" } });
new Director(machines, "balancer", { machine: director }).addVirtualService("web", {
  address: "10.77.0.100",
  port: 80,
  forwarding: ForwardingMethod.masquerading(),
  realServers: [
    { machine: web1, port: 8080 },
    { machine: web2, port: 8080 },
  ],
});

app.synth();
