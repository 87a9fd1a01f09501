// The chain of main.ts with knobs in its environment, for tests; machines, stacks and ids are the same, so that one lab serves both.
// GATEWAY=yes puts APISIX in between. The director has the job itself on port 8080 as well. Plain JavaScript, since it runs in a
// folder of its own, on the compiled library.
const { App } = require("cdktf");
const { ConsulServer, Director, ForwardingMethod, Gateway, NomadServer } = require("../../../dist/constructs");
const { JobRefusal, Route, WebJob } = require("../../../dist/constructs");
const { chain } = require("../../../dist/inventory/chain");
const { MachinesStack } = require("../../../dist/stacks/machines-stack");
const { PlatformStack } = require("../../../dist/stacks/platform-stack");
const { WorkloadsStack } = require("../../../dist/stacks/workloads-stack");

const knob = (name, otherwise) => process.env[name] ?? otherwise;
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory: chain, client: "vm-1" });
const { ipvs, server, web1, web2 } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: server });
const nomad = new NomadServer(machines, "nomad", { machine: server, consul });
nomad.addClients([web1, web2], { docker: true });

const platform = new PlatformStack(app, "platform", { consul });
const workloads = new WorkloadsStack(app, "workloads", { nomad, after: [platform] });

const httpd = ["-v", "-f", "-p", "${NOMAD_PORT_www}", "-h", "/local"];
const hello = new WebJob(workloads, "hello-world", {
  count: Number(knob("COUNT", "2")),
  meta: { foo: "bar" },
  docker: { image: "busybox:1", command: knob("COMMAND", "httpd"), args: httpd },
  ports: { www: { to: 8001 } },
  templates: [
    { destination: "local/index.html", data: `${knob("PAGE", "Hello, Nomad!")} {{ env "NOMAD_ALLOC_INDEX" }}\n` },
  ],
  resources: { cpu: 50, memory: Number(knob("MEMORY", "64")) },
});
if (knob("STATIC", "") !== "")
  for (const name of knob("STATIC", "").split(" "))
    new WebJob(workloads, name, {
      docker: { image: "busybox:1", command: "httpd", args: ["-f", "-p", "8090", "-h", "/local"] },
      ports: { www: { static: 8090, to: 8090 } },
      constraints: [{ attribute: "${node.unique.name}", value: "web1" }],
      files: { "index.html": "static\n" },
      acknowledge: knob("ACKNOWLEDGE", "") === "" ? [] : [JobRefusal.STATIC_PORT_TAKEN],
    });

const director = new Director(machines, "director", { machine: ipvs, consul });
const forwarding = ForwardingMethod.masquerading({ snat: true });
if (knob("GATEWAY", "") === "yes") {
  const gateway = new Gateway(workloads, "gateway", { nomad });
  Route.toJob(platform, "hello", hello, "www", { gateway, uri: "/*" });
  director.addVirtualService("web", { address: ipvs.address, port: 80, forwarding, realServers: gateway });
} else
  director.addVirtualService("web", { address: ipvs.address, port: 80, forwarding, realServers: hello.service("www") });
director.addVirtualService("job", { address: ipvs.address, port: 8080, forwarding, realServers: hello.service("www") });

app.synth();
