// A virtual service without a cluster: a client, a director, a machine with two web servers. `npm run up` brings it up if Nomad is not
// available.
//   npm run up -- three-machines
import { App } from "cdktf";
import { Caddy, Director, ForwardingMethod, MachinesStack } from "vipstack";
import { lab } from "../../inventory/lab";

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory: lab, client: "vm-1" });
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
