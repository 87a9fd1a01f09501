// Three servers of Consul and Nomad that trust only agents of the deployment, a machine for jobs, a director that follows a job, and a stranger.
import { App } from "cdktf";
import {
  AgentProfile,
  ConsulKeys,
  ConsulServer,
  defineInventory,
  Director,
  ForwardingMethod,
  MachinesStack,
  NomadServer,
  PlatformStack,
  RealServers,
  Snapshots,
  WebJob,
  WorkloadsStack,
} from "vipstack";

const inventory = defineInventory({
  name: "production-nomad",
  subnets: ["10.94.0.0/24"],
  machines: [
    { name: "director", address: "10.94.0.20" },
    { name: "server1", address: "10.94.0.31", memoryMiB: 600 },
    { name: "server2", address: "10.94.0.32", memoryMiB: 600 },
    { name: "server3", address: "10.94.0.33", memoryMiB: 600 },
    { name: "web", address: "10.94.0.41", memoryMiB: 700 },
    { name: "client", address: "10.94.0.10", memoryMiB: 500 },
  ],
  forwards: [
    { listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "8501"), to: "10.94.0.31:8501" },
    { listen: Number(process.env.VIPSTACK_NOMAD_PORT ?? "4646"), to: "10.94.0.31:4646" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { client, director, server1, server2, server3, web } = machines.all;
const profile = AgentProfile.PRODUCTION;
const snapshots = Snapshots.every("1h");
const consul = new ConsulServer(machines, "consul", { machine: server1, profile, snapshots });
consul.addServers([server2, server3]);
const nomad = new NomadServer(machines, "nomad", { machine: server1, consul, profile, snapshots });
nomad.addServers([server2, server3]);
nomad.addClients([web], { rawExec: true });
// A stranger: clusters of its own, whose agents can reach every machine.
const foreign = new ConsulServer(machines, "foreign", { machine: client, profile: AgentProfile.DEV });
new NomadServer(machines, "foreign-nomad", { machine: client, consul: foreign });

const platform = new PlatformStack(app, "platform", { consul });
new ConsulKeys(platform, "greeting", { keys: { "web/greeting": "Hello" } });
const workloads = new WorkloadsStack(app, "workloads", { nomad });
const hello = new WebJob(workloads, "hello", {
  count: 2,
  rawExec: {
    command: "/usr/bin/python3",
    args: ["-m", "http.server", "${NOMAD_PORT_www}", "--directory", "${NOMAD_TASK_DIR}"],
  },
  ports: { www: {} },
  templates: [{ destination: "local/index.html", data: '{{ key "web/greeting" }}\n' }],
  resources: { cpu: 50, memoryMiB: 64 },
});
new Director(machines, "balancer", { machine: director, consul }).addVirtualService("web", {
  address: "10.94.0.100",
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers: RealServers.fromConsul(hello.service("www")),
});
app.synth();
