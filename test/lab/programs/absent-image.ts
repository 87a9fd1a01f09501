// A gateway of an image that does not exist.
import { App } from "cdktf";
import {
  AgentProfile,
  ConsulServer,
  defineInventory,
  MachineGateway,
  MachinesStack,
  PlatformStack,
  Route,
  Upstream,
} from "vipstack";

const inventory = defineInventory({
  name: "absent",
  subnets: ["10.93.0.0/24"],
  machines: [{ name: "box", address: "10.93.0.10" }],
  forwards: [{ listen: 18650, to: "10.93.0.10:8500" }],
});
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { box } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: box, profile: AgentProfile.DEV });
const gateway = new MachineGateway(machines, "front", { machines: [box], consul, image: "me/absent:1" });
const platform = new PlatformStack(app, "platform", { consul });
new Route(platform, "hello", { gateway, uri: "/*", upstream: Upstream.toNodes({ "10.93.0.10:80": 1 }) });
app.synth();
