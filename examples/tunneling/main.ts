// Tunneling: the director wraps packets into IPIP (IPv6 into IPv6), so the real servers, which answer the client, may be in other subnets.
//   MTU=1450 npm run up -- tunneling      the real servers' network carries smaller packets, and clients learn the size
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack } from "vipstack";

const mtu = process.env.MTU === undefined ? undefined : Number(process.env.MTU);
const inventory = defineInventory({
  name: "tunneling",
  subnets: ["10.77.0.0/24", "fd00:77::/64", "10.78.0.0/24", "fd00:78::/64"],
  machines: [
    { name: "client", address: ["10.77.0.10", "fd00:77::10"] },
    { name: "director", address: ["10.77.0.20", "fd00:77::20"] },
    { name: "web1", address: ["10.78.0.31", "fd00:78::31"], mtu },
    { name: "web2", address: ["10.78.0.32", "fd00:78::32"], mtu },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, web1, web2 } = machines.all;

new Caddy(machines, "caddy-web1", { machine: web1, answers: { 80: "web1" } });
new Caddy(machines, "caddy-web2", { machine: web2, answers: { 80: "web2" } });
const balancer = new Director(machines, "balancer", { machine: director });
for (const [id, address] of Object.entries({ web: "10.77.0.100", "web-ipv6": "fd00:77::100" }))
  balancer.addVirtualService(id, {
    address,
    port: 80,
    forwarding: ForwardingMethod.tunneling(),
    realServers: [{ machine: web1 }, { machine: web2 }],
  });

app.synth();
