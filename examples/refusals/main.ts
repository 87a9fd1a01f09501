// Every refusal, built nevertheless: a virtual service that shows how it fails, and one with the cure.
import { App } from "cdktf";
import {
  Caddy,
  defineInventory,
  Director,
  ForwardingMethod,
  MachinesStack,
  Protocol,
  Refusal,
  Scheduler,
  VirtualServiceOptions,
} from "vipstack";
import { UdpEcho } from "./udp-echo";

const inventory = defineInventory({
  name: "refusals",
  subnets: ["10.77.0.0/24", "10.78.0.0/24", "10.79.0.0/24"],
  machines: [
    { name: "client", address: "10.77.0.10" },
    { name: "director", address: ["10.77.0.20", "10.79.0.20"] },
    { name: "near", address: "10.77.0.31" },
    // For a service with which it no longer answers the director, so it is in no other one.
    { name: "deaf", address: "10.77.0.32" },
    { name: "far", address: "10.78.0.41" },
  ],
});

const app = new App();
// Half of the services never answer, so `up` waits for none of them.
const machines = new MachinesStack(app, "machines", { inventory });
const { director, near, deaf, far } = machines.all;

for (const machine of [near, deaf, far])
  new Caddy(machines, `caddy-${machine.name}`, {
    machine,
    answers: { 80: machine.name, 8443: `${machine.name}:8443` },
  });
new Caddy(machines, "caddy-director", { machine: director, answers: { 8090: "director" } });
new UdpEcho(machines, "echo", { machine: near, address: near.address, port: 53 });

const balancer = new Director(machines, "balancer", { machine: director });
const directRouting = ForwardingMethod.directRouting();
const tunneling = ForwardingMethod.tunneling();
const snat = ForwardingMethod.masquerading({ snat: true });
const masquerading = ForwardingMethod.masquerading();

function refuse(refusal: Refusal, refused: VirtualServiceOptions, cured: VirtualServiceOptions): void {
  balancer.addVirtualService(refusal, { ...refused, acknowledge: [refusal] });
  balancer.addVirtualService(`cure-of-${refusal}`, cured);
}

refuse(
  Refusal.DIRECT_ROUTING_OTHER_PORT,
  { address: "10.77.0.101", port: 8080, forwarding: directRouting, realServers: [{ machine: near, port: 80 }] },
  { address: "10.77.0.201", port: 80, forwarding: directRouting, realServers: [{ machine: near }] },
);
refuse(
  Refusal.TUNNELING_OTHER_PORT,
  { address: "10.77.0.102", port: 8080, forwarding: tunneling, realServers: [{ machine: far, port: 80 }] },
  { address: "10.77.0.202", port: 80, forwarding: tunneling, realServers: [{ machine: far }] },
);
refuse(
  Refusal.DIRECT_ROUTING_ACROSS_SUBNETS,
  { address: "10.77.0.103", port: 80, forwarding: directRouting, realServers: [{ machine: far }] },
  { address: "10.77.0.203", port: 80, forwarding: tunneling, realServers: [{ machine: far }] },
);
refuse(
  Refusal.GATEWAY_OUT_OF_REACH,
  { address: "10.77.0.104", port: 80, forwarding: masquerading, realServers: [{ machine: far }] },
  { address: "10.77.0.204", port: 80, forwarding: snat, realServers: [{ machine: far }] },
);
refuse(
  Refusal.VIP_OUTSIDE_SUBNETS,
  { address: "10.99.0.105", port: 80, forwarding: snat, realServers: [{ machine: near }] },
  { address: "10.77.0.205", port: 80, forwarding: snat, realServers: [{ machine: near }] },
);
refuse(
  Refusal.VIP_IS_DIRECTOR_ADDRESS,
  { address: director.address, port: 80, forwarding: directRouting, realServers: [{ machine: deaf }] },
  { address: "10.77.0.206", port: 80, forwarding: directRouting, realServers: [{ machine: near }] },
);
const echo = { port: 53, protocol: Protocol.UDP, forwarding: snat, realServers: [{ machine: near }] };
refuse(
  Refusal.ONE_PACKET_MASQUERADING,
  { ...echo, address: "10.77.0.107", onePacket: true },
  { ...echo, address: "10.77.0.207" },
);
const byPort = { port: 80, realServers: [{ machine: near, weight: 0 }, { machine: far }] };
refuse(
  Refusal.HASHING_WITHOUT_FALLBACK,
  { ...byPort, address: "10.77.0.108", scheduler: Scheduler.sourceHashing({ port: true, fallback: false }) },
  { ...byPort, address: "10.77.0.212", scheduler: Scheduler.sourceHashing({ port: true }) },
);
// Only a warning, as for others here that lead to near's port 80: its connections hang while a client has one from the same port elsewhere.
refuse(
  Refusal.SHARED_REAL_SERVER,
  { address: "10.77.0.113", port: 80, realServers: [{ machine: near }] },
  { address: "10.77.0.213", port: 80, realServers: [{ machine: near, port: 8443 }] },
);
const shared = { address: "10.77.0.109", port: 8081, realServers: [{ machine: near, port: 80 }] };
balancer.addVirtualService("shared", shared);
new Director(machines, "second", { machine: deaf }).addVirtualService("shared", {
  ...shared,
  acknowledge: [Refusal.VIP_ON_TWO_DIRECTORS],
});

// Not refused: the director reaches the machine near it from another address than this one, which is its own, too.
balancer.addVirtualService("second-leg", {
  address: "10.79.0.20",
  port: 80,
  forwarding: directRouting,
  realServers: [{ machine: near }],
});
// The kernel allows it with every forwarding method: the director may be a real server itself.
balancer.addVirtualService("itself", {
  address: "10.77.0.208",
  port: 80,
  forwarding: snat,
  realServers: [{ machine: director, port: 8090 }, { machine: near }],
  acknowledge: [Refusal.REAL_SERVER_IS_DIRECTOR],
});
// Not refused either: every port of a VIP, another forwarding method for each real server, SCTP.
balancer.addVirtualService("every-port", {
  address: "10.77.0.209",
  port: 0,
  persistenceTimeout: "60s",
  realServers: [{ machine: near }],
});
balancer.addVirtualService("mixed", {
  address: "10.77.0.210",
  port: 80,
  realServers: [
    { machine: director, port: 8090 },
    { machine: near, forwarding: directRouting },
    { machine: far, forwarding: tunneling },
  ],
  acknowledge: [Refusal.REAL_SERVER_IS_DIRECTOR],
});
balancer.addVirtualService("sctp", {
  address: "10.77.0.211",
  port: 3868,
  protocol: Protocol.SCTP,
  realServers: [{ machine: near }, { machine: far }],
});

app.synth();
