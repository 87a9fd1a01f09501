// A firewall mark makes one virtual service of several ports: a client of port 80 reaches the same real server on port 81.
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack } from "vipstack";

const inventory = defineInventory({
  name: "firewall-mark",
  subnets: ["10.77.0.0/24"],
  machines: [
    { name: "client", address: "10.77.0.10" },
    { name: "director", address: "10.77.0.20" },
    { name: "web1", address: "10.77.0.31" },
    { name: "web2", address: "10.77.0.32" },
  ],
});
const address = "10.77.0.100";

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { director, web1, web2 } = machines.all;

new Caddy(machines, "caddy-web1", { machine: web1, answers: { 80: "web1", 81: "web1" } });
new Caddy(machines, "caddy-web2", { machine: web2, answers: { 80: "web2", 81: "web2" } });
new Director(machines, "balancer", { machine: director }).addFirewallMarkService("shop", {
  mark: 1,
  endpoints: [
    { address, port: 80 },
    { address, port: 81 },
  ],
  forwarding: ForwardingMethod.directRouting(),
  persistenceTimeout: "60s",
  realServers: [{ machine: web1 }, { machine: web2 }],
});

app.synth();
