// A virtual service without a cluster: a client, a director, a machine with two web servers. `npm run up` brings it up if Nomad is not
// available.
//   npm run up -- three-machines
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack } from "vipstack";

const inventory = defineInventory({
  name: "lab",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "vm-1", address: "192.168.139.68" },
    { name: "d2", address: "192.168.139.184" },
    { name: "ipvs", address: "192.168.139.29" },
  ],
  // The VIP in a browser of this host; VIPSTACK_VIP_PORT chooses another port where 8080 is taken.
  forwards: [{ listen: Number(process.env.VIPSTACK_VIP_PORT ?? "8080"), to: "192.168.139.29:80" }],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "vm-1" });
const { d2, ipvs } = machines.all;

new Caddy(machines, "caddy", { machine: d2, answers: { 80: "d2:80", 81: "d2:81" } });

const director = new Director(machines, "director", { machine: ipvs });
director.addVirtualService("web", {
  address: ipvs.address,
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers: [
    { machine: d2, port: 80 },
    { machine: d2, port: 81 },
  ],
});

app.synth();
