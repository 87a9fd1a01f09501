// UDP: a DNS-like echo on three real servers, one-packet scheduling with direct routing, so that each query is scheduled by itself.
import { App } from "cdktf";
import { defineInventory, Director, ForwardingMethod, MachinesStack, Protocol } from "vipstack";
import { UdpEcho } from "./udp-echo";

const inventory = defineInventory({
  name: "udp",
  subnets: ["10.77.0.0/24"],
  machines: [
    { name: "client", address: "10.77.0.10" },
    { name: "director", address: "10.77.0.20" },
    { name: "dns1", address: "10.77.0.31" },
    { name: "dns2", address: "10.77.0.32" },
  ],
});
const address = "10.77.0.53";

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, dns1, dns2 } = machines.all;

for (const machine of [dns1, dns2]) new UdpEcho(machines, `echo-${machine.name}`, { machine, address, port: 53 });
new Director(machines, "balancer", { machine: director }).addVirtualService("dns", {
  address,
  port: 53,
  protocol: Protocol.UDP,
  forwarding: ForwardingMethod.directRouting(),
  onePacket: true,
  realServers: [{ machine: dns1 }, { machine: dns2 }],
});

app.synth();
