// iptables as a load balancer: DNAT by the statistic match, SNAT for balanced flows only, REDIRECT, multiport filters.
//   MODE=nth npm run up -- s1-iptables        connections alternate (the default)
//   MODE=random npm run up -- s1-iptables     each connection gets a random port
import { App } from "cdktf";
import { Caddy, defineInventory, Director, FilterAction, MachinesStack, Plane, Protocol, Scheduler } from "vipstack";

const inventory = defineInventory({
  name: "s1-iptables",
  subnets: ["10.192.0.0/24", "10.1.160.0/24"],
  machines: [
    { name: "client", address: "10.192.0.70" },
    { name: "director", address: "10.192.0.65" },
    { name: "web1", address: "10.1.160.14" },
    { name: "web2", address: "10.1.160.15" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { client, director, web1, web2 } = machines.all;

new Caddy(machines, "caddy-web1", { machine: web1, answers: { 8080: "web1" } });
new Caddy(machines, "caddy-web2", { machine: web2, answers: { 8080: "web2" } });
// The local ports that port 80 is spread over.
new Caddy(machines, "caddy-director", { machine: director, answers: { 8001: "local 8001", 8002: "local 8002" } });

const balancer = new Director(machines, "balancer", { machine: director, plane: Plane.IPTABLES });
balancer.addVirtualService("web", {
  address: director.address,
  port: 8080,
  scheduler: process.env.MODE === "random" ? Scheduler.RANDOM : Scheduler.ROUND_ROBIN,
  realServers: [
    { machine: web1, port: 8080 },
    { machine: web2, port: 8080 },
  ],
});
balancer.addRedirect("local", { port: 80, toPorts: [8001, 8002] });
// From the client only: 21:25 holds port 22, by which rules are pushed to the director.
balancer.addPortFilter("no-old-services", {
  protocol: Protocol.TCP,
  ports: ["21:25", "135:139"],
  source: client.address,
  action: FilterAction.DROP,
});

app.synth();
