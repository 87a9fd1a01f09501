// The machines of `bench convergence`: a client, a director that follows a service, and three machines with instances. BENCH_CONVERGENCE is the plan.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { App } from "cdktf";
import {
  AgentProfile,
  AgentService,
  ConsulServer,
  defineInventory,
  Director,
  ForwardingMethod,
  MachinesStack,
  NomadServer,
  RealServers,
  WebJob,
  WorkloadsStack,
} from "vipstack";
import { ConvergencePlan, COUNT, NAME, PORT, SHUTDOWN_DELAY_SECONDS, UNIT, VIRTUAL_SERVICE } from "./convergence-plan";
import { unit } from "./unit";

const { nomad: withNomad } = JSON.parse(process.env.BENCH_CONVERGENCE ?? "{}") as ConvergencePlan;
const inventory = defineInventory({
  name: "bench-convergence",
  subnets: ["10.98.0.0/24"],
  machines: [
    { name: "client", address: "10.98.0.10" },
    { name: "director", address: "10.98.0.20" },
    { name: "control", address: "10.98.0.24", memoryMiB: 1024 },
    { name: "web1", address: "10.98.0.31", memoryMiB: 512 },
    { name: "web2", address: "10.98.0.32", memoryMiB: 512 },
    { name: "web3", address: "10.98.0.33", memoryMiB: 512 },
  ],
  ...(withNomad && {
    forwards: [
      { listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "18795"), to: "10.98.0.24:8500" },
      { listen: Number(process.env.VIPSTACK_NOMAD_PORT ?? "18796"), to: "10.98.0.24:4646" },
    ],
  }),
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, control, web1, web2, web3 } = machines.all;
const webs = [web1, web2, web3];
const consul = new ConsulServer(machines, "consul", { machine: control, profile: AgentProfile.DEV });

const python = "/usr/bin/python3";
const program = "/usr/local/lib/bench/instance.py";
for (const machine of webs)
  machine.contribute(machines, {
    files: [{ path: program, content: readFileSync(join(__dirname, "instance.py"), "utf8") }],
  });

function jobOnNomad(): RealServers {
  const nomad = new NomadServer(machines, "nomad", { machine: control, consul });
  nomad.addClients(webs, { rawExec: true });
  const job = new WebJob(new WorkloadsStack(app, "workloads", { nomad }), NAME, {
    count: COUNT,
    rawExec: { command: python, args: [program, "${NOMAD_ALLOC_INDEX}", "${NOMAD_PORT_www}"] },
    ports: { www: {} },
    resources: { cpu: 100, memoryMiB: 64 },
    shutdownDelay: `${SHUTDOWN_DELAY_SECONDS}s`,
  });
  return RealServers.ofJob(job);
}

function servicesOfAgents(): RealServers {
  for (const machine of webs) {
    const content = unit("simple", `${python} ${program} ${machine.name} ${PORT}`);
    machine.contribute(machines, { units: [{ name: UNIT, content }] });
    new AgentService(machines, `${NAME}-${machine.name}`, { name: NAME, machine, consul, port: PORT });
  }
  return RealServers.fromConsul(NAME);
}

new Director(machines, "balancer", { machine: director, consul }).addVirtualService("web", {
  ...VIRTUAL_SERVICE,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers: withNomad ? jobOnNomad() : servicesOfAgents(),
});
app.synth();
