// IPv6: masquerading with SNAT, in the same program as for IPv4 but for the addresses.
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack } from "vipstack";

const inventory = defineInventory({
  name: "ipv6",
  subnets: ["192.168.139.0/24", "fd00:139::/64"],
  machines: [
    { name: "vm-1", address: ["192.168.139.68", "fd00:139::68"] },
    { name: "d2", address: ["192.168.139.184", "fd00:139::184"] },
    { name: "ipvs", address: ["192.168.139.29", "fd00:139::29"] },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "vm-1" });
const { d2, ipvs } = machines.all;

new Caddy(machines, "caddy", { machine: d2, answers: { 80: "d2:80", 81: "d2:81" } });
new Director(machines, "director", { machine: ipvs }).addVirtualService("web", {
  address: "fd00:139::29",
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers: [
    { machine: d2, port: 80 },
    { machine: d2, port: 81 },
  ],
});

app.synth();
