// Canary: a tenth of the requests go to the new version. The weights are a key of Consul, so a change reaches the gateway within five
// seconds, without a restart.
//   npm run up -- apisix-canary
//   CANARY=50 npm run up -- apisix-canary
import { App } from "cdktf";
import {
  AgentProfile,
  AgentService,
  Caddy,
  ConsulServer,
  defineInventory,
  MachineGateway,
  MachinesStack,
  PlatformStack,
  Plugin,
  Route,
  Upstream,
} from "vipstack";

const inventory = defineInventory({
  name: "apisix-canary",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "gateway", address: "192.168.139.41", memoryMiB: 1024 },
    { name: "old", address: "192.168.139.31", memoryMiB: 512 },
    { name: "new", address: "192.168.139.32", memoryMiB: 400 },
  ],
  forwards: [
    { listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "8500"), to: "192.168.139.31:8500" },
    { listen: Number(process.env.VIPSTACK_GATEWAY_PORT ?? "9080"), to: "192.168.139.41:9080" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { gateway: front, old, new: next } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: old, profile: AgentProfile.DEV });
const version = (machine: typeof old, name: string) => {
  new Caddy(machines, `caddy-${machine.name}`, { machine, answers: { 80: machine.name } });
  new AgentService(machines, name, { machine, consul, port: 80 });
  return Upstream.toService(name);
};
const stable = version(old, "shop");
const canary = version(next, "shop-canary");

const gateway = new MachineGateway(machines, "apisix", { machines: [front], consul });
const platform = new PlatformStack(app, "platform", { consul });
const weight = Number(process.env.CANARY ?? "10");
new Route(platform, "shop", {
  gateway,
  uri: "/*",
  upstream: stable,
  plugins: [
    Plugin.trafficSplit({ rules: [{ weightedUpstreams: [{ upstream: canary, weight }, { weight: 100 - weight }] }] }),
  ],
});

app.synth();
