// Persistence: a client stays with its real server until it has been away for a minute. Hashing needs no table of clients:
// as long as the real servers are the same, a client reaches the same one.
//   WEIGHT=0 npm run up -- persistence     port 81 gets no new client of the hashing services: the other port serves all
//   WEIGHT= npm run up -- persistence      port 81 leaves them, after its connections or after DRAIN seconds
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack, Refusal, Scheduler } from "vipstack";

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
const director = new Director(machines, "director", {
  machine: ipvs,
  drainTimeout: `${process.env.DRAIN ?? "60"}s`,
});
director.addVirtualService("web", {
  address: ipvs.address,
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  persistenceTimeout: "60s",
  realServers: [
    { machine: d2, port: 80 },
    { machine: d2, port: 81 },
  ],
});

const weight = process.env.WEIGHT ?? "1";
for (const [address, scheduler] of Object.entries({
  "192.168.139.101": Scheduler.SOURCE_HASHING,
  "192.168.139.102": Scheduler.MAGLEV_HASHING,
}))
  director.addVirtualService(scheduler.word, {
    address,
    port: 80,
    scheduler,
    // To compare them, all three lead to the same servers.
    acknowledge: [Refusal.SHARED_REAL_SERVER],
    realServers: [
      { machine: d2, port: 80 },
      ...(weight === "" ? [] : [{ machine: d2, port: 81, weight: Number(weight) }]),
    ],
  });

app.synth();
