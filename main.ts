import { App } from "cdktf";
import { Director, ForwardingMethod, RealServers } from "vipstack";
import { ChainMachines } from "./stacks/machines";
import { ChainPlatform } from "./stacks/platform";
import { ChainWorkloads } from "./stacks/workloads";

const app = new App();
const machines = new ChainMachines(app);
const { consul, nomad } = machines;
const { ipvs } = machines.all;

const platform = new ChainPlatform(app, { consul });
const workloads = new ChainWorkloads(app, { nomad, platform });
platform.addRoutes(workloads);

new Director(machines, "director", { machine: ipvs, consul }).addVirtualService("web", {
  address: ipvs.address,
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers: RealServers.ofGateway(workloads.gateway),
});

app.synth();
