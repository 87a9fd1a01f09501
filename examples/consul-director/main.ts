// A director whose real servers are the healthy instances in Consul: web1 and web2 are not listed a second time. The Consul server is
// the same as `consul agent -dev -bind 192.168.139.24 -client 0.0.0.0`, but it keeps its data.
//   npm run up -- consul-director
//   npm run lab -- exec web1 --dir .vipstack/consul-director/lab -- systemctl stop caddy     (it leaves the director's table)
import { App } from "cdktf";
import {
  AgentProfile,
  AgentService,
  Caddy,
  ConsulServer,
  defineInventory,
  Director,
  MachinesStack,
  RealServers,
} from "vipstack";

const inventory = defineInventory({
  name: "consul-director",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "ipvs", address: "192.168.139.29", memoryMiB: 512 },
    { name: "server", address: "192.168.139.24", memoryMiB: 512 },
    { name: "web1", address: "192.168.139.31", memoryMiB: 400 },
    { name: "web2", address: "192.168.139.32", memoryMiB: 400 },
  ],
  // Consul's web page in a browser of this host.
  forwards: [{ listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "8500"), to: "192.168.139.24:8500" }],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "vm-1" });
const { ipvs, server, web1, web2 } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: server, profile: AgentProfile.DEV });
for (const machine of [web1, web2]) {
  new Caddy(machines, `caddy-${machine.name}`, { machine, answers: { 80: machine.name } });
  new AgentService(machines, `hello-${machine.name}`, { name: "hello", machine, consul, port: 80 });
}

new Director(machines, "director", { machine: ipvs, consul }).addVirtualService("web", {
  address: ipvs.address,
  port: 80,
  realServers: RealServers.fromConsul("hello"),
});

app.synth();
