// Gateways behind a director: client → virtual address → APISIX → a web server that Consul knows. No port of a gateway and no address
// of a web server is written twice, and no publicly known key is used. Needs the image of APISIX (docs/gateways.md).
//   npm run up -- apisix-hello
//   npm run lab -- exec web1 --dir .vipstack/apisix-hello/lab -- systemctl stop caddy     (the gateways leave it out)
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

const inventory = defineInventory({
  name: "apisix-hello",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "ipvs", address: "192.168.139.29", memoryMiB: 512 },
    { name: "server", address: "192.168.139.24", memoryMiB: 512 },
    { name: "gw1", address: "192.168.139.41", memoryMiB: 768 },
    { name: "gw2", address: "192.168.139.42", memoryMiB: 768 },
    { name: "web1", address: "192.168.139.31", memoryMiB: 400 },
    { name: "web2", address: "192.168.139.32", memoryMiB: 400 },
  ],
  // The virtual address and Consul's web page in a browser of this host.
  forwards: [
    { listen: Number(process.env.VIPSTACK_VIP_PORT ?? "8080"), to: "192.168.139.29:80" },
    { listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "8500"), to: "192.168.139.24:8500" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "vm-1" });
const { ipvs, server, gw1, gw2, web1, web2 } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: server, profile: AgentProfile.DEV });
const hello = { name: "hello-world-servers", lag: "10s" };
for (const machine of [web1, web2]) {
  new Caddy(machines, `caddy-${machine.name}`, { machine, answers: { 80: `Hello from ${machine.name}!` } });
  new AgentService(machines, `hello-${machine.name}`, { name: hello.name, machine, consul, port: 80 });
}

const director = new Director(machines, "director", { machine: ipvs, consul });
const gateway = new MachineGateway(machines, "gateway", { machines: [gw1, gw2], consul });
director.addVirtualService("web", { address: ipvs.address, port: 80, realServers: RealServers.ofGateway(gateway) });

const platform = new PlatformStack(app, "platform", { consul });
new Route(platform, "hello", { gateway, uri: "/*", upstream: Upstream.toService(hello) });
new Route(platform, "getting-started-ip", {
  gateway,
  uri: "/ip",
  methods: ["GET"],
  upstream: Upstream.toNodes(
    { [process.env.HTTPBIN ?? "httpbin.org:80"]: 1 },
    {
      passHost: "pass",
      checks: {
        active: { type: "http", timeout: "2s", healthy: { interval: "1s", successes: 1, httpStatuses: [200] } },
      },
    },
  ),
});

app.synth();
