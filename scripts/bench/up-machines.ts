// The machines of `bench up`: a director before two web servers. WEIGHT is what the bench changes.
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack } from "vipstack";

const inventory = defineInventory({
  name: "bench-up",
  subnets: ["10.96.0.0/24"],
  machines: [
    { name: "client", address: "10.96.0.10" },
    { name: "director", address: "10.96.0.20" },
    { name: "web1", address: "10.96.0.31" },
    { name: "web2", address: "10.96.0.32" },
  ],
});
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, web1, web2 } = machines.all;
new Caddy(machines, "caddy-web1", { machine: web1, answers: { 80: "web1" } });
new Caddy(machines, "caddy-web2", { machine: web2, answers: { 80: "web2" } });
new Director(machines, "balancer", { machine: director }).addVirtualService("web", {
  address: "10.96.0.100",
  port: 80,
  forwarding: ForwardingMethod.directRouting(),
  realServers: [{ machine: web1, weight: Number(process.env.WEIGHT ?? "1") }, { machine: web2 }],
});
app.synth();
