// What is refused, built nevertheless: for each refusal a virtual service that shows it failing, and beside it the cure.
import { App } from "cdktf";
import { Caddy, Director, ForwardingMethod, Protocol, Refusal } from "../../constructs";
import { defineInventory } from "../../inventory/inventory";
import { MachinesStack } from "../../stacks/machines-stack";
import { UdpEcho } from "../udp/udp-echo";

const inventory = defineInventory({
  name: "refusals",
  subnets: ["10.77.0.0/24", "10.78.0.0/24", "10.79.0.0/24"],
  machines: [
    { name: "client", address: "10.77.0.10" },
    { name: "director", address: ["10.77.0.20", "10.79.0.20"] },
    { name: "near", address: "10.77.0.31" },
    { name: "twin", address: "10.77.0.32" },
    { name: "far", address: "10.78.0.41" },
    { name: "behind", address: "10.79.0.51" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { director, near, twin, far, behind } = machines.all;

for (const machine of [near, twin, far, behind])
  new Caddy(machines, `caddy-${machine.name}`, { machine, answers: { 80: machine.name } });
new Caddy(machines, `caddy-director`, { machine: director, answers: { 8090: "director" } });
new UdpEcho(machines, "echo", { machine: near, address: near.address, port: 53 });

const balancer = new Director(machines, "balancer", { machine: director });
const snat = ForwardingMethod.masquerading({ snat: true });

balancer.addVirtualService("cured-snat-near", { address: "10.77.0.100", port: 8080, forwarding: snat, realServers: [{ machine: near, port: 80 }] });
balancer.addVirtualService("cured-snat-far", { address: "10.77.0.100", port: 8081, forwarding: snat, realServers: [{ machine: far, port: 80 }] });
balancer.addVirtualService("cured-dr", { address: "10.77.0.101", port: 80, forwarding: ForwardingMethod.directRouting(), realServers: [{ machine: near }] });
balancer.addVirtualService("cured-tun", { address: "10.77.0.102", port: 80, forwarding: ForwardingMethod.tunneling(), realServers: [{ machine: far }] });
balancer.addVirtualService("cured-udp", { address: "10.77.0.103", port: 53, protocol: Protocol.UDP, forwarding: snat, realServers: [{ machine: near }] });
balancer.addVirtualService("refused-udp", { address: "10.77.0.104", port: 53, protocol: Protocol.UDP, onePacket: true, forwarding: snat, realServers: [{ machine: near }], acknowledge: [Refusal.ONE_PACKET_MASQUERADING] });
balancer.addVirtualService("refused-dr-port", { address: "10.77.0.105", port: 8080, forwarding: ForwardingMethod.directRouting(), realServers: [{ machine: near, port: 80 }], acknowledge: [Refusal.DIRECT_ROUTING_OTHER_PORT] });
balancer.addVirtualService("refused-tun-port", { address: "10.77.0.106", port: 8080, forwarding: ForwardingMethod.tunneling(), realServers: [{ machine: far, port: 80 }], acknowledge: [Refusal.TUNNELING_OTHER_PORT] });
balancer.addVirtualService("refused-dr-subnets", { address: "10.77.0.107", port: 80, forwarding: ForwardingMethod.directRouting(), realServers: [{ machine: far }], acknowledge: [Refusal.DIRECT_ROUTING_ACROSS_SUBNETS] });
balancer.addVirtualService("refused-outside", { address: "10.99.0.100", port: 80, forwarding: snat, realServers: [{ machine: near }], acknowledge: [Refusal.VIP_OUTSIDE_SUBNETS] });
balancer.addVirtualService("refused-vip-is-director", { address: director.address, port: 80, forwarding: ForwardingMethod.directRouting(), realServers: [{ machine: twin }], acknowledge: [Refusal.VIP_IS_DIRECTOR_ADDRESS] });
balancer.addVirtualService("refused-vip-is-director-behind", { address: director.address, port: 81, forwarding: ForwardingMethod.directRouting(), realServers: [{ machine: behind }], acknowledge: [Refusal.VIP_IS_DIRECTOR_ADDRESS] });
balancer.addVirtualService("refused-self", { address: "10.77.0.108", port: 80, forwarding: snat, realServers: [{ machine: director, port: 8090 }], acknowledge: [Refusal.REAL_SERVER_IS_DIRECTOR] });
balancer.addVirtualService("refused-gateway", { address: "10.77.0.109", port: 80, forwarding: ForwardingMethod.masquerading(), realServers: [{ machine: far }], acknowledge: [Refusal.GATEWAY_OUT_OF_REACH] });

app.synth();
