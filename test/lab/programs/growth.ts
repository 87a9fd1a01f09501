// Two or three web servers, each on a machine of its own, behind a director of each plane; one service of it follows Consul.
import { App } from "cdktf";
import {
  AgentProfile,
  AgentService,
  Caddy,
  ConsulServer,
  defineInventory,
  Director,
  ForwardingMethod,
  MachinesStack,
  Plane,
  RealServers,
} from "vipstack";

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
const { client, ipvs, iptables, web1, web2, web3 } = machines.all;
const consul = new ConsulServer(machines, "consul", { machine: client, profile: AgentProfile.DEV });
const realServers = [web1, web2, ...(three ? [web3] : [])].map((machine) => {
  // A port for each virtual service of a director: see Refusal.SHARED_REAL_SERVER.
  new Caddy(machines, `caddy-${machine.name}`, { machine, answers: { 8080: machine.name, 8081: machine.name } });
  new AgentService(machines, `web-${machine.name}`, { name: "web", machine, consul, port: 8081 });
  return { machine, port: 8080 };
});
// Boot content: another one makes the machine anew.
web2.contribute(machines, { files: [{ path: "/etc/edition", content: process.env.EDITION ?? "first" }] });
const forwarding = ForwardingMethod.masquerading({ snat: true });

const balancer = new Director(machines, "balancer", { machine: ipvs, consul, drainTimeout: "20s" });
balancer.addVirtualService("web", { address: "10.92.0.101", port: 80, forwarding, realServers });
balancer.addVirtualService("followed", {
  address: "10.92.0.103",
  port: 80,
  forwarding,
  realServers: RealServers.fromConsul("web"),
});
new Director(machines, "filter", { machine: iptables, plane: Plane.IPTABLES }).addVirtualService("web", {
  address: "10.92.0.102",
  port: 80,
  forwarding,
  realServers,
});

app.synth();
