// Three Consul servers that trust only agents of the deployment, a director that follows a service of theirs, and a stranger.
import { App } from "cdktf";
import {
  AgentProfile,
  AgentService,
  Caddy,
  ConfigEntry,
  ConfigEntryKind,
  ConsulKeys,
  ConsulServer,
  defineInventory,
  Director,
  ExternalNode,
  MachinesStack,
  PlatformStack,
  RealServers,
  Snapshots,
} from "vipstack";

const inventory = defineInventory({
  name: "production",
  subnets: ["10.93.0.0/24"],
  machines: [
    { name: "director", address: "10.93.0.20" },
    { name: "server1", address: "10.93.0.31" },
    { name: "server2", address: "10.93.0.32" },
    { name: "server3", address: "10.93.0.33" },
    { name: "client", address: "10.93.0.10" },
  ],
  forwards: [{ listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "8501"), to: "10.93.0.31:8501" }],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { client, director, server1, server2, server3 } = machines.all;
const consul = new ConsulServer(machines, "consul", {
  machine: server1,
  profile: AgentProfile.PRODUCTION,
  // Operators come through the lab's router: no machine is one.
  operators: [],
  snapshots: Snapshots.every("1h"),
});
consul.addServers([server2, server3]);
// A stranger: another datacenter, whose server can reach every machine.
new ConsulServer(machines, "foreign", { machine: client, profile: AgentProfile.DEV });
for (const machine of [server2, server3]) {
  const answers = { 8080: machine.name, 8081: machine.name };
  new Caddy(machines, `caddy-${machine.name}`, { machine, answers });
  new AgentService(machines, `web-${machine.name}`, { name: "web", machine, consul, port: 8080 });
}
const balancer = new Director(machines, "balancer", { machine: director, consul });
balancer.addVirtualService("web", {
  address: "10.93.0.100",
  port: 80,
  realServers: RealServers.fromConsul("web"),
});
// For one machine, and not for the stranger.
balancer.addVirtualService("office", {
  address: "10.93.0.100",
  port: 81,
  clients: ["10.93.0.31", "fd00::/8"],
  realServers: [{ machine: server2, port: 8081 }],
});

const platform = new PlatformStack(app, "platform", { consul });
new ConsulKeys(platform, "greeting", { keys: { "web/greeting": "Hello" } });
new ExternalNode(platform, "database", { address: "10.93.0.99" }).addService("sql", { port: 5432 });
new ConfigEntry(platform, "web", { kind: ConfigEntryKind.SERVICE_DEFAULTS, fields: { Protocol: "http" } });
new ConfigEntry(platform, "global", { kind: ConfigEntryKind.PROXY_DEFAULTS, fields: { Config: { protocol: "http" } } });
new ConfigEntry(platform, "sql", {
  kind: ConfigEntryKind.SERVICE_INTENTIONS,
  fields: { Sources: [{ Name: "web", Action: "allow" }] },
});
app.synth();
