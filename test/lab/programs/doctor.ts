// One director whose virtual services use every forwarding method, and one that follows Consul: for faults that the doctor tells apart.
import { App } from "cdktf";
import {
  AgentProfile,
  AgentService,
  Caddy,
  ConsulServer,
  defineInventory,
  Director,
  ForwardingMethod,
  MachinesStack,
  RealServers,
} from "vipstack";

const inventory = defineInventory({
  name: "doctor",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "ipvs", address: "192.168.139.29", memoryMiB: 512 },
    { name: "d2", address: "192.168.139.184", memoryMiB: 512 },
    { name: "d3", address: "192.168.139.185", memoryMiB: 400 },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "vm-1" });
const { ipvs, d2, d3 } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: d2, profile: AgentProfile.DEV });
for (const machine of [d2, d3])
  new Caddy(machines, `caddy-${machine.name}`, {
    machine,
    answers: { 80: machine.name, 8080: machine.name, 8081: machine.name, 8082: machine.name },
  });
new AgentService(machines, "page-d3", { name: "page", machine: d3, consul, port: 8082 });

const director = new Director(machines, "director", { machine: ipvs, consul });
const realServers = [{ machine: d2 }, { machine: d3 }];
director.addVirtualService("web", { address: ipvs.address, port: 80, realServers });
director.addVirtualService("direct", {
  address: "192.168.139.100",
  port: 8080,
  forwarding: ForwardingMethod.directRouting(),
  realServers,
});
director.addVirtualService("tunnel", {
  address: "192.168.139.101",
  port: 8081,
  forwarding: ForwardingMethod.tunneling(),
  realServers,
});
director.addVirtualService("page", {
  address: ipvs.address,
  port: 8082,
  realServers: RealServers.fromConsul("page"),
});

app.synth();
