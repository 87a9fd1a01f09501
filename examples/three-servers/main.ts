// Three servers, each with Consul and Nomad: the loss of any one of them is survived. Two machines for jobs, with Docker.
//   npm run up -- three-servers
//   npm run lab -- ssh s1 consul operator raft list-peers
//   npm run lab -- ssh s1 nomad node status
import { App } from "cdktf";
import { ConsulServer, NomadServer } from "../../constructs";
import { defineInventory } from "../../inventory/inventory";
import { MachinesStack } from "../../stacks/machines-stack";

const inventory = defineInventory({
  name: "three-servers",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "s1", address: "192.168.139.24", memoryMiB: 768 },
    { name: "s2", address: "192.168.139.25", memoryMiB: 768 },
    { name: "s3", address: "192.168.139.26", memoryMiB: 768 },
    { name: "web1", address: "192.168.139.31", memoryMiB: 1000 },
    { name: "web2", address: "192.168.139.32", memoryMiB: 1000 },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { s1, s2, s3, web1, web2 } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: s1 });
consul.addServers([s2, s3]);
const nomad = new NomadServer(machines, "nomad", { machine: s1, consul });
nomad.addServers([s2, s3]);
nomad.addClients([web1, web2], { docker: true });

app.synth();
