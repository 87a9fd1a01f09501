// A program with a cluster that exists already and no machine; `vipstack up` runs it as it runs any app. Plain JavaScript,
// since it runs in a folder of its own, on the compiled library. STEP says how far the program has been changed.
const { App } = require("cdktf");
const { Construct } = require("constructs");
const { Job } = require("@cdktf/provider-nomad/lib/job");
const { ConfigEntry, ConfigEntryKind, ConsulKeys, ExternalNode } = require("../../../dist/constructs");
const { escapeTemplate } = require("../../../dist/constructs/private/template-escape");
const { PlatformStack } = require("../../../dist/stacks/platform-stack");
const { WorkloadsStack } = require("../../../dist/stacks/workloads-stack");

class ExistingCluster extends Construct {
  constructor(scope, id, httpAddress) {
    super(scope, id);
    this.httpAddress = httpAddress;
  }
}

const step = process.env.STEP;
const inventory = { name: "existing", backend: "ssh", subnets: [], machines: [] };
const app = new App();

const consul = new ExistingCluster(app, "consul", process.env.CONSUL_ADDRESS);
const platform = new PlatformStack(app, "platform", { consul, inventory });
new ConsulKeys(platform, "settings", {
  keys: {
    "web/title": step === "first" ? "Hello ${name} %{if} $${x} é" : "changed",
    "web/page": '<p class="a">\n\t\\ "quoted"</p>',
    ...(step === "first" ? { "web/gone": "soon" } : {}),
  },
});
const proxies = new ConfigEntry(platform, "global", {
  kind: ConfigEntryKind.PROXY_DEFAULTS,
  fields: { Config: { protocol: "http" } },
});
const defaults = new ConfigEntry(platform, "web", {
  kind: ConfigEntryKind.SERVICE_DEFAULTS,
  fields: { Protocol: step === "first" ? "http" : "http2" },
  after: [proxies],
});
new ConfigEntry(platform, "web-intentions", {
  kind: ConfigEntryKind.SERVICE_INTENTIONS,
  name: "web",
  fields: {
    Sources: [
      { Name: "front", Action: "allow" },
      { Name: "*", Action: "deny" },
    ],
  },
  after: [defaults],
});
const d2 = new ExternalNode(platform, "d2", { address: "192.168.139.184" });
d2.addService("caddy", { port: 80, tags: ["a", "b"], meta: { odd: "${odd} %{odd}" } });
if (step === "first") d2.addService("caddy", { port: 81 });

if (process.env.NOMAD_ADDRESS !== undefined) jobs(new ExistingCluster(app, "nomad", process.env.NOMAD_ADDRESS));

app.synth();

function jobs(nomad) {
  const workloads = new WorkloadsStack(app, "workloads", { nomad, inventory, after: [platform] });
  job(workloads, "web", step === "worse" ? "exit 4" : `echo "\${NOMAD_TASK_NAME} ${step}" >&2; exec sleep 3600`);
  if (step === "first") job(workloads, "gone", "exec sleep 3600");
  if (step === "broken") job(workloads, "broken", "echo it is broken >&2; exit 3");
}

function job(workloads, id, command) {
  const specification = {
    ID: id,
    Name: id,
    Type: "service",
    Datacenters: ["dc1"],
    TaskGroups: [
      {
        Name: "group",
        Count: 1,
        RestartPolicy: { Attempts: 0, Mode: "fail" },
        ReschedulePolicy: { Attempts: 0, Unlimited: false },
        Update: { MinHealthyTime: 1e9, HealthyDeadline: 10e9, ProgressDeadline: 20e9 },
        Tasks: [
          {
            Name: "task",
            Driver: "raw_exec",
            Config: { command: "/bin/sh", args: ["-c", command] },
            Resources: { CPU: 20, MemoryMB: 20 },
          },
        ],
      },
    ],
  };
  new Job(workloads, id, { jobspec: escapeTemplate(JSON.stringify(specification)), json: true, detach: false });
}
