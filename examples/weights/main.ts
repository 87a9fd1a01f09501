// Weights: of ten connections five go to d2's port 80, three to 81 and two to 82.
//   WEIGHTS=1,1,8 npm run up -- weights      one document is pushed, no machine is rebuilt
//   WEIGHTS=5,3 npm run up -- weights        port 82 leaves: its connections have up to a minute to end
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack, Scheduler } from "vipstack";

const inventory = defineInventory({
  name: "weights",
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
const ports = [80, 81, 82];
// An empty place leaves the real server out: `WEIGHTS=5,,2` has no port 81.
const weights = (process.env.WEIGHTS ?? "5,3,2").split(",");

new Caddy(machines, "caddy", { machine: d2, answers: Object.fromEntries(ports.map((port) => [port, `d2:${port}`])) });
new Director(machines, "director", {
  machine: ipvs,
  drainTimeout: `${process.env.DRAIN ?? "60"}s`,
}).addVirtualService("web", {
  address: ipvs.address,
  port: 80,
  scheduler: Scheduler.WEIGHTED_ROUND_ROBIN,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers: ports.flatMap((port, index) =>
    weights[index] ? [{ machine: d2, port, weight: Number(weights[index]) }] : [],
  ),
});

app.synth();
