// Two or three web servers, each on a machine of its own, behind a director of each plane.
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack, Plane } from "vipstack";

const three = process.env.WEB_SERVERS === "3";
const inventory = defineInventory({
  name: "growth",
  subnets: ["10.92.0.0/24"],
  machines: [
    { name: "client", address: "10.92.0.10" },
    { name: "ipvs", address: "10.92.0.21" },
    { name: "iptables", address: "10.92.0.22" },
    { name: "web1", address: "10.92.0.31" },
    { name: "web2", address: "10.92.0.32" },
    ...(three ? [{ name: "web3", address: "10.92.0.33" } as const] : []),
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { ipvs, iptables, web1, web2, web3 } = machines.all;
const realServers = [web1, web2, ...(three ? [web3] : [])].map((machine) => {
  new Caddy(machines, `caddy-${machine.name}`, { machine, answers: { 8080: machine.name } });
  return { machine, port: 8080 };
});
// Boot content: another one makes the machine anew.
web2.contribute(machines, { files: [{ path: "/etc/edition", content: process.env.EDITION ?? "first" }] });
const forwarding = ForwardingMethod.masquerading({ snat: true });

new Director(machines, "balancer", { machine: ipvs, drainTimeout: "20s" }).addVirtualService("web", {
  address: "10.92.0.101",
  port: 80,
  forwarding,
  realServers,
});
new Director(machines, "filter", { machine: iptables, plane: Plane.IPTABLES }).addVirtualService("web", {
  address: "10.92.0.102",
  port: 80,
  forwarding,
  realServers,
});

app.synth();
