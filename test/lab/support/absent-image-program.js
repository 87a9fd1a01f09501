// A machine with a file, and a gateway of an image that nobody has; WITHOUT=yes says that the program can do without it. Plain
// JavaScript, since it runs in a folder of its own, on the compiled library.
const { App } = require("cdktf");
const { AgentProfile, ConsulServer, MachineGateway } = require("../../../dist/constructs");
const { canHaveImage } = require("../../../dist/stacks/container-image");
const { MachinesStack } = require("../../../dist/stacks/machines-stack");

const inventory = { name: "absent", subnets: ["10.93.0.0/24"], machines: [{ name: "box", address: "10.93.0.10" }] };
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { box } = machines.all;

const image = "me/absent:1";
if (process.env.WITHOUT !== "yes" || canHaveImage(image)) {
  const consul = new ConsulServer(machines, "consul", { machine: box, profile: AgentProfile.DEV });
  new MachineGateway(machines, "front", { machines: [box], consul, image });
} else box.contribute(machines, { files: [{ path: "/etc/the-rest", content: "is here\n" }] });
app.synth();
