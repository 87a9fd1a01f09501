// The chain without a gateway: the director follows the job's healthy instances on the host ports that Nomad assigned.
// `npm run up` brings it up if the image of APISIX is not available.
//   npm run up -- hello-world
//   npm run lab -- power-cut web1 --dir .vipstack/lab/lab     (web2 continues to serve; Nomad starts another instance there)
import { App } from "cdktf";
import {
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

const inventory = defineInventory({
  name: "lab",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "ipvs", address: "192.168.139.29", memoryMiB: 512 },
    { name: "server", address: "192.168.139.24", memoryMiB: 1200 },
    { name: "web1", address: "192.168.139.31", memoryMiB: 1500 },
    { name: "web2", address: "192.168.139.32", memoryMiB: 1500 },
  ],
  forwards: [
    { listen: Number(process.env.VIPSTACK_VIP_PORT ?? "8080"), to: "192.168.139.29:80" },
    { listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "8500"), to: "192.168.139.24:8500" },
    { listen: Number(process.env.VIPSTACK_NOMAD_PORT ?? "4646"), to: "192.168.139.24:4646" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "vm-1" });
const { ipvs, server, web1, web2 } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: server });
const nomad = new NomadServer(machines, "nomad", { machine: server, consul });
nomad.addClients([web1, web2], { docker: true });

const workloads = new WorkloadsStack(app, "workloads", { nomad });

const hello = new WebJob(workloads, "hello-world", {
  count: 2,
  meta: { foo: "bar" },
  docker: {
    image: "busybox:1",
    init: true,
    command: "httpd",
    args: ["-v", "-f", "-p", "${NOMAD_PORT_www}", "-h", "/local"],
  },
  ports: { www: { to: 8001 } },
  templates: [
    {
      destination: "local/index.html",
      data: [
        "<h1>Hello, Nomad!</h1>",
        "<ul>",
        '  <li>Task: {{ env "NOMAD_TASK_NAME" }}</li>',
        '  <li>Group: {{ env "NOMAD_GROUP_NAME" }}</li>',
        '  <li>Job: {{ env "NOMAD_JOB_NAME" }}</li>',
        '  <li>Metadata value for foo: {{ env "NOMAD_META_foo" }}</li>',
        '  <li>Currently running on port: {{ env "NOMAD_PORT_www" }}</li>',
        "</ul>",
        "",
      ].join("\n"),
    },
  ],
  resources: { cpu: 50, memoryMiB: 64 },
});

new Director(machines, "director", { machine: ipvs, consul }).addVirtualService("web", {
  address: ipvs.address,
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers: RealServers.ofJob(hello, { port: "www" }),
});

app.synth();
