// Hosts that exist, prepared over ssh by one script each; one virtual service for each forwarding method.
//   SSH_CONFIG=hosts.conf npm run up -- existing-hosts     client, director and web are Hosts of that OpenSSH configuration
//   npm run up -- existing-hosts                           the same machines in the lab, made by cloud-init
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack, Scheduler, SshBackend } from "vipstack";

const inventory = defineInventory({
  name: "existing-hosts",
  backend:
    process.env.SSH_CONFIG === undefined ? undefined : SshBackend.factory({ configFile: process.env.SSH_CONFIG }),
  subnets: ["10.88.0.0/24"],
  // The addresses that the hosts have already; they are not changed.
  machines: [
    { name: "client", address: "10.88.0.10" },
    { name: "director", address: "10.88.0.20" },
    { name: "web", address: "10.88.0.30" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, web } = machines.all;

new Caddy(machines, "caddy", { machine: web, answers: { 80: "web:80", 81: "web:81" } });
const balancer = new Director(machines, "balancer", { machine: director });
balancer.addVirtualService("snat", {
  address: director.address,
  port: 80,
  scheduler: Scheduler.WEIGHTED_ROUND_ROBIN,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers: [
    { machine: web, port: 80, weight: Number(process.env.WEIGHT ?? "1") },
    { machine: web, port: 81 },
  ],
});
balancer.addVirtualService("direct", {
  address: "10.88.0.101",
  port: 80,
  forwarding: ForwardingMethod.directRouting(),
  realServers: [{ machine: web }],
});
balancer.addVirtualService("tunneled", {
  address: "10.88.0.102",
  port: 81,
  persistenceTimeout: "60s",
  forwarding: ForwardingMethod.tunneling(),
  realServers: [{ machine: web }],
});

app.synth();
