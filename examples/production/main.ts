// The chain of main.ts for production, by one word: access control, encryption and least privilege for Consul, Nomad and the gateway.
// Without 'profile' the same program runs, and every host that reaches a port has full access. Needs the image of APISIX and Nomad (docs/programs.md).
//   npm run up -- production
//   npx vipstack secrets list production
import { App } from "cdktf";
import {
  AgentProfile,
  ConsulServer,
  defineInventory,
  Director,
  ForwardingMethod,
  Gateway,
  MachinesStack,
  NomadServer,
  PlatformStack,
  RealServers,
  Route,
  WebJob,
  WorkloadsStack,
} from "vipstack";

const inventory = defineInventory({
  name: "production",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "ipvs", address: "192.168.139.29", memoryMiB: 512 },
    { name: "server1", address: "192.168.139.24", memoryMiB: 700 },
    { name: "server2", address: "192.168.139.25", memoryMiB: 700 },
    { name: "server3", address: "192.168.139.26", memoryMiB: 700 },
    { name: "web1", address: "192.168.139.31", memoryMiB: 1500 },
    { name: "web2", address: "192.168.139.32", memoryMiB: 1500 },
  ],
  // The virtual address in a browser of this host. Terraform's way to Consul and Nomad is opened by itself.
  forwards: [{ listen: Number(process.env.VIPSTACK_VIP_PORT ?? "8080"), to: "192.168.139.29:80" }],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "vm-1" });
const { ipvs, server1, server2, server3, web1, web2 } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: server1, profile: AgentProfile.PRODUCTION });
consul.addServers([server2, server3]);
const nomad = new NomadServer(machines, "nomad", { machine: server1, consul });
nomad.addServers([server2, server3]);
nomad.addClients([web1, web2], { docker: true });

const platform = new PlatformStack(app, "platform", { consul });
const workloads = new WorkloadsStack(app, "workloads", { nomad, after: [platform] });
const hello = new WebJob(workloads, "hello-world", {
  count: 2,
  docker: {
    image: "busybox:1",
    init: true,
    command: "httpd",
    args: ["-v", "-f", "-p", "${NOMAD_PORT_www}", "-h", "/local"],
  },
  ports: { www: { to: 8001 } },
  templates: [{ destination: "local/index.html", data: '<h1>Hello from {{ env "node.unique.name" }}!</h1>\n' }],
  resources: { cpu: 50, memoryMiB: 64 },
});
const gateway = new Gateway(workloads, "gateway", { nomad });
Route.toJob(platform, "hello", hello, "www", { gateway, uri: "/*" });

new Director(machines, "director", { machine: ipvs, consul }).addVirtualService("web", {
  address: ipvs.address,
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers: RealServers.ofGateway(gateway),
});

app.synth();
