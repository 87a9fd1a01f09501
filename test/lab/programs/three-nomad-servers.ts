// Three servers of Consul and Nomad, a client, and a job.
import { App } from "cdktf";
import { ConsulServer, defineInventory, MachinesStack, NomadServer, Snapshots, WebJob, WorkloadsStack } from "vipstack";

const inventory = defineInventory({
  name: "three-nomad-servers",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "s1", address: "192.168.139.24", memoryMiB: 700 },
    { name: "s2", address: "192.168.139.25", memoryMiB: 700 },
    { name: "s3", address: "192.168.139.26", memoryMiB: 700 },
    { name: "web", address: "192.168.139.31", memoryMiB: 1000 },
  ],
  forwards: [{ listen: Number(process.env.VIPSTACK_NOMAD_PORT), to: "192.168.139.24:4646" }],
});
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { s1, s2, s3, web } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: s1 });
consul.addServers([s2, s3]);
const nomad = new NomadServer(machines, "nomad", { machine: s1, consul, snapshots: Snapshots.every("1h") });
nomad.addServers([s2, s3]);
nomad.addClients([web], { rawExec: true });

const workloads = new WorkloadsStack(app, "workloads", { nomad });
new WebJob(workloads, "hello", {
  rawExec: {
    command: "/usr/bin/python3",
    args: ["-m", "http.server", "${NOMAD_PORT_www}", "--directory", "${NOMAD_TASK_DIR}"],
  },
  ports: { www: {} },
  files: { "index.html": "Hello!\n" },
  resources: { cpu: 50, memoryMiB: 64 },
});

app.synth();
