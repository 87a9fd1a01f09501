// Three Consul servers that trust only agents of the deployment, and a director that follows web servers on machines of their own: a
// fault of a server is none of the path of requests. With SERVERS=5 there are five. With GATEWAYS=yes the machines of the web servers have a gateway as well, and
// requests go through the gateways.
import { App } from "cdktf";
import {
  AgentProfile,
  AgentService,
  Caddy,
  ConsulServer,
  defineInventory,
  Director,
  MachineGateway,
  MachinesStack,
  PlatformStack,
  RealServers,
  Route,
  Upstream,
} from "vipstack";

const five = process.env.SERVERS === "5";
const withGateways = process.env.GATEWAYS === "yes";
const memoryMiB = withGateways ? 640 : undefined;
const inventory = defineInventory({
  name: "production-faults",
  subnets: ["10.95.0.0/24"],
  machines: [
    { name: "client", address: "10.95.0.10" },
    { name: "director", address: "10.95.0.20" },
    { name: "server1", address: "10.95.0.31" },
    { name: "server2", address: "10.95.0.32" },
    { name: "server3", address: "10.95.0.33" },
    ...(five
      ? ([
          { name: "server4", address: "10.95.0.34" },
          { name: "server5", address: "10.95.0.35" },
        ] as const)
      : []),
    { name: "web1", address: "10.95.0.41", memoryMiB },
    { name: "web2", address: "10.95.0.42", memoryMiB },
  ],
  forwards: withGateways ? [{ listen: 18656, to: "10.95.0.31:8501" }] : [],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, server1, server2, server3, server4, server5, web1, web2 } = machines.all;
const consul = new ConsulServer(machines, "consul", { machine: server1, profile: AgentProfile.PRODUCTION });
consul.addServers([server2, server3, ...(five ? [server4, server5] : [])]);
for (const machine of [web1, web2]) {
  new Caddy(machines, `caddy-${machine.name}`, { machine, answers: { 8080: machine.name } });
  new AgentService(machines, `web-${machine.name}`, { name: "web", machine, consul, port: 8080 });
}
const balancer = new Director(machines, "balancer", { machine: director, consul });
const vip = { address: "10.95.0.100", port: 80 };
if (withGateways) {
  const gateway = new MachineGateway(machines, "front", { machines: [web1, web2], consul, httpPort: 80 });
  balancer.addVirtualService("web", { ...vip, realServers: RealServers.ofGateway(gateway) });
  const platform = new PlatformStack(app, "platform", { consul });
  new Route(platform, "all", { gateway, uri: "/*", upstream: Upstream.toService("web") });
} else balancer.addVirtualService("web", { ...vip, realServers: RealServers.fromConsul("web") });
app.synth();
