import { App } from "cdktf";
import { ConsulServer, Director, ForwardingMethod, Gateway, NomadServer, Route, Upstream, WebJob } from "./constructs";
import { chain } from "./inventory/chain";
import { MachinesStack } from "./stacks/machines-stack";
import { PlatformStack } from "./stacks/platform-stack";
import { WorkloadsStack } from "./stacks/workloads-stack";

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory: chain, client: "vm-1" });
const { ipvs, server, web1, web2 } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: server });
const nomad = new NomadServer(machines, "nomad", { machine: server, consul });
nomad.addClients([web1, web2], { docker: true });

const platform = new PlatformStack(app, "platform", { consul });
const workloads = new WorkloadsStack(app, "workloads", { nomad, after: [platform] });

const hello = new WebJob(workloads, "hello-world", {
  count: 2,
  meta: { foo: "bar" },
  docker: {
    image: "busybox:1",
    init: true,
    command: "httpd",
    args: ["-v", "-f", "-p", "${NOMAD_PORT_www}", "-h", "/local"],
  },
  ports: { www: { to: 8001 } },
  templates: [
    {
      destination: "local/index.html",
      data: [
        "<h1>Hello, Nomad!</h1>",
        "<ul>",
        '  <li>Task: {{ env "NOMAD_TASK_NAME" }}</li>',
        '  <li>Group: {{ env "NOMAD_GROUP_NAME" }}</li>',
        '  <li>Job: {{ env "NOMAD_JOB_NAME" }}</li>',
        '  <li>Metadata value for foo: {{ env "NOMAD_META_foo" }}</li>',
        '  <li>Currently running on port: {{ env "NOMAD_PORT_www" }}</li>',
        "</ul>",
        "",
      ].join("\n"),
    },
  ],
  resources: { cpu: 50, memory: 64 },
});

const gateway = new Gateway(workloads, "gateway", { nomad });
Route.toJob(platform, "hello", hello, "www", { gateway, uri: "/*" });
new Route(platform, "getting-started-ip", {
  gateway,
  uri: "/ip",
  methods: ["GET"],
  upstream: Upstream.toNodes(
    { [process.env.HTTPBIN ?? "httpbin.org:80"]: 1 },
    {
      passHost: "pass",
      checks: { active: { type: "http", timeout: "2s", healthy: { interval: "1s", successes: 1, httpStatuses: [200] } } },
    },
  ),
});

new Director(machines, "director", { machine: ipvs, consul }).addVirtualService("web", {
  address: ipvs.address,
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers: gateway,
});

app.synth();
