// A machine with a file, and a gateway of an image that nobody has; WITHOUT=yes says that the program can do without it. Plain
// JavaScript, since it runs in a folder of its own, on the compiled library.
const { App } = require("cdktf");
const { AgentProfile, ConsulServer, MachineGateway, Route, Upstream } = require("../../../dist/constructs");
const { canHaveImage } = require("../../../dist/stacks/container-image");
const { MachinesStack } = require("../../../dist/stacks/machines-stack");
const { PlatformStack } = require("../../../dist/stacks/platform-stack");

const inventory = {
  name: "absent",
  subnets: ["10.93.0.0/24"],
  machines: [{ name: "box", address: "10.93.0.10" }],
  forwards: [{ listen: 18650, to: "10.93.0.10:8500" }],
};
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { box } = machines.all;

const image = "me/absent:1";
if (process.env.WITHOUT !== "yes" || canHaveImage(image)) {
  const consul = new ConsulServer(machines, "consul", { machine: box, profile: AgentProfile.DEV });
  const gateway = new MachineGateway(machines, "front", { machines: [box], consul, image });
  // A stack that goes with it: nothing of it may be left over from the first synth.
  const platform = new PlatformStack(app, "platform", { consul });
  new Route(platform, "hello", { gateway, uri: "/*", upstream: Upstream.toNodes({ "10.93.0.10:80": 1 }) });
} else box.contribute(machines, { files: [{ path: "/etc/the-rest", content: "is here\n" }] });
app.synth();
