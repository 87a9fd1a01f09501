// Consul and Nomad in their dev profiles on one machine that runs jobs as well, and Nomad's first job.
// DRIVERS names further jobs, one for each driver of the host's programs; BROKEN adds one that ends at once.
import { App } from "cdktf";
import {
  AgentProfile,
  ConsulServer,
  defineInventory,
  MachinesStack,
  NomadServer,
  WebJob,
  WorkloadsStack,
} from "vipstack";

const inventory = defineInventory({
  name: "one-machine",
  subnets: ["192.168.139.0/24"],
  machines: [{ name: "box", address: "192.168.139.24", memoryMiB: 2048 }],
  forwards: [{ listen: Number(process.env.VIPSTACK_NOMAD_PORT), to: "192.168.139.24:4646" }],
});
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { box } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: box, profile: AgentProfile.DEV });
const nomad = new NomadServer(machines, "nomad", {
  machine: box,
  consul,
  profile: AgentProfile.DEV,
  client: { docker: true },
});
const workloads = new WorkloadsStack(app, "workloads", { nomad });

const page = ["TASK_NAME", "GROUP_NAME", "JOB_NAME", "META_foo", "PORT_www"];
new WebJob(workloads, "hello-world", {
  count: 1,
  meta: { foo: "bar" },
  docker: { image: "busybox:1", command: "httpd", args: ["-v", "-f", "-p", "${NOMAD_PORT_www}", "-h", "/local"] },
  ports: { www: { to: 8001 } },
  templates: [
    {
      destination: "local/index.html",
      data: `Hello, Nomad! ${page.map((name) => `{{ env "NOMAD_${name}" }}`).join(" ")}\n`,
    },
  ],
  resources: { cpu: 50, memoryMiB: 64 },
});

const serve = {
  command: "/usr/bin/python3",
  args: ["-m", "http.server", "${NOMAD_PORT_www}", "--directory", "${NOMAD_TASK_DIR}"],
};
for (const driver of (process.env.DRIVERS ?? "").split(" ").filter((name) => name !== ""))
  new WebJob(workloads, driver.toLowerCase(), {
    [driver]: serve,
    ports: { www: {} },
    files: { "index.html": `served by ${driver}\n` },
    resources: { cpu: 50, memoryMiB: 64 },
  });

if (process.env.BROKEN !== undefined)
  new WebJob(workloads, "broken", {
    rawExec: { command: "/bin/sh", args: ["-c", "exit 3"] },
    ports: { www: {} },
    update: { minHealthyTime: "1s", healthyDeadline: "20s", progressDeadline: "40s" },
    resources: { cpu: 50, memoryMiB: 64 },
  });

app.synth();
