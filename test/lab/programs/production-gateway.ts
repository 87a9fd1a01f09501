// Two gateways whose Consul cluster has AgentProfile.PRODUCTION, behind a director, and a key that is not theirs.
// ROUTES names further routes, which the next up may leave out.
import { App } from "cdktf";
import {
  AgentProfile,
  AgentService,
  Caddy,
  ConsulKeys,
  ConsulServer,
  Consumer,
  defineInventory,
  Director,
  MachineGateway,
  MachinesStack,
  PlatformStack,
  Plugin,
  RandomSecret,
  RealServers,
  Route,
  SecretEncoding,
  Upstream,
} from "vipstack";

const gatewayMemory = 640;
const inventory = defineInventory({
  name: "production-gateway",
  subnets: ["10.94.0.0/24"],
  machines: [
    { name: "client", address: "10.94.0.10" },
    { name: "director", address: "10.94.0.20" },
    { name: "server1", address: "10.94.0.31" },
    { name: "server2", address: "10.94.0.32" },
    { name: "server3", address: "10.94.0.33" },
    { name: "gw1", address: "10.94.0.41", memoryMiB: gatewayMemory },
    { name: "gw2", address: "10.94.0.42", memoryMiB: gatewayMemory },
  ],
  forwards: [{ listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "8501"), to: "10.94.0.31:8501" }],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, server1, server2, server3, gw1, gw2 } = machines.all;
const consul = new ConsulServer(machines, "consul", { machine: server1, profile: AgentProfile.PRODUCTION });
consul.addServers([server2, server3]);
for (const machine of [server2, server3]) {
  new Caddy(machines, `caddy-${machine.name}`, { machine, answers: { 8080: machine.name } });
  new AgentService(machines, `web-${machine.name}`, { name: "web", machine, consul, port: 8080 });
}
const key = new RandomSecret(machines, "key", { encoding: SecretEncoding.HEX });
const gateway = new MachineGateway(machines, "front", {
  machines: [gw1, gw2],
  consul,
  httpPort: 80,
  secrets: { ALICE_KEY: key.value },
});
new Director(machines, "balancer", { machine: director, consul }).addVirtualService("web", {
  address: "10.94.0.100",
  port: 80,
  realServers: RealServers.ofGateway(gateway),
});

const platform = new PlatformStack(app, "platform", { consul });
const upstream = Upstream.toService("web");
new Route(platform, "all", { gateway, uri: "/*", upstream });
new Route(platform, "keyed", { gateway, uri: "/keyed", upstream, plugins: [Plugin.keyAuth()] });
for (const id of (process.env.ROUTES ?? "").split(" ").filter((name) => name !== ""))
  new Route(platform, id, { gateway, uri: `/${id}`, upstream, plugins: [Plugin.keyAuth()] });
new Consumer(platform, "alice", {
  gateway,
  plugins: [Plugin.keyAuthCredential({ key: gateway.secret("ALICE_KEY") })],
});
new ConsulKeys(platform, "other", {
  keys: { "apisix/front-2/routes/all": "of another gateway", "web/greeting": "Hello" },
});

app.synth();
