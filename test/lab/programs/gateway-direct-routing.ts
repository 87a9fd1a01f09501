// Two gateways behind one director twice: by direct routing, and by masquerading with SNAT.
import { App } from "cdktf";
import {
  AgentProfile,
  AgentService,
  Caddy,
  ConsulServer,
  defineInventory,
  Director,
  ForwardingMethod,
  MachineGateway,
  MachinesStack,
  PlatformStack,
  Plugin,
  Route,
  Upstream,
  RealServers,
} from "vipstack";

const inventory = defineInventory({
  name: "gateway-direct-routing",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "ipvs", address: "192.168.139.29", memoryMiB: 512 },
    { name: "gw1", address: "192.168.139.41", memoryMiB: 768 },
    { name: "gw2", address: "192.168.139.42", memoryMiB: 768 },
    { name: "web", address: "192.168.139.31", memoryMiB: 512 },
  ],
  forwards: [{ listen: Number(process.env.VIPSTACK_CONSUL_PORT), to: "192.168.139.31:8500" }],
});
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "vm-1" });
const { ipvs, gw1, gw2, web } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: web, profile: AgentProfile.DEV });
new Caddy(machines, "caddy", { machine: web, answers: { 80: "Hello from web!" } });
new AgentService(machines, "hello", { machine: web, consul, port: 80 });

const changed = process.env.CHANGED === "yes";
const gateway = new MachineGateway(machines, "gateway", {
  machines: [gw1, gw2],
  consul,
  accessLog: !changed,
  plugins: changed ? ["response-rewrite"] : [],
});
const director = new Director(machines, "director", { machine: ipvs, consul });
director.addVirtualService("direct", {
  address: "192.168.139.100",
  port: 80,
  forwarding: ForwardingMethod.directRouting(),
  realServers: RealServers.ofGateway(gateway),
});
director.addVirtualService("masqueraded", {
  address: ipvs.address,
  port: 80,
  realServers: RealServers.ofGateway(gateway),
});

const platform = new PlatformStack(app, "platform", { consul });
const upstream = Upstream.toService("hello");
const route = (id: string, uri: string, ...plugins: Plugin[]): Route =>
  new Route(platform, id, { gateway, uri, upstream, plugins });
route("hello", "/*");
route("restricted", "/restricted", Plugin.ipRestriction({ whitelist: ["192.168.139.68"] }));
route(
  "limited",
  "/limited",
  Plugin.limitCount({ count: 3, timeWindow: "600s", key: "remote_addr", rejectedCode: 429 }),
);
if (changed)
  route("changed", "/changed", Plugin.other("response-rewrite", { headers: { set: { "X-Changed": "yes" } } }));

app.synth();
