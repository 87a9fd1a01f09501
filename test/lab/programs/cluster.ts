// A program with a cluster that exists already and no machine. STEP says how far the program has been changed.
import { App, dependable, TerraformVariable } from "cdktf";
import { Job as NomadJob } from "@cdktf/provider-nomad/lib/job";
import { Variable } from "@cdktf/provider-nomad/lib/variable";
import {
  ChangeMode,
  ConfigEntry,
  ConfigEntryKind,
  ConsulKeys,
  ConsulServer,
  defineInventory,
  ExternalNode,
  INomadCluster,
  Job,
  JobType,
  NomadServer,
  PlatformStack,
  TemplateOptions,
  WorkloadsStack,
} from "vipstack";
import { escapeTemplate } from "../../../constructs/private/template-escape";

const { STEP: step = "first", CONSUL_ADDRESS, NOMAD_ADDRESS } = process.env;
const inventory = defineInventory({ name: "existing", subnets: [], machines: [] });
const app = new App();

const consul = ConsulServer.fromConsulServerAttributes(app, "consul", {
  address: CONSUL_ADDRESS ?? "",
  retryJoin: ["127.0.0.1"],
});
const platform = new PlatformStack(app, "platform", { consul, inventory });
new ConsulKeys(platform, "settings", {
  keys: {
    "web/title": step === "first" ? "Hello ${name} %{if} $${x} é" : "changed",
    "web/page": '<p class="a">\n\t\\ "quoted"</p>',
    ...(step === "first" ? { "web/gone": "soon" } : {}),
  },
});
const front = new ConfigEntry(platform, "front", {
  kind: ConfigEntryKind.SERVICE_DEFAULTS,
  fields: { Protocol: "http" },
});
const defaults = new ConfigEntry(platform, "web", {
  kind: ConfigEntryKind.SERVICE_DEFAULTS,
  fields: { Protocol: step === "first" ? "http" : "http2" },
  after: [front],
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

// A stack that leaves the program.
if (step === "first") {
  const extra = new PlatformStack(app, "extra", { consul, inventory });
  new ConsulKeys(extra, "settings", { keys: { "extra/title": "left" } });
}

if (NOMAD_ADDRESS !== undefined)
  jobs(NomadServer.fromNomadServerAttributes(app, "nomad", { address: NOMAD_ADDRESS, consul }));

app.synth();

function jobs(nomad: INomadCluster): void {
  const workloads = new WorkloadsStack(app, "workloads", { nomad, inventory });
  const refused = ["broken", "full", "bad-system", "slow-system"].includes(step) ? "second" : step;
  const failing: Readonly<Record<string, string>> = { worse: "exit 4", reverted: "exit 6" };
  job(workloads, "web", failing[step] ?? `echo "\${NOMAD_TASK_NAME} ${refused}" >&2; exec sleep 3600`, {
    count: 2,
    autoRevert: step === "reverted",
  });
  if (step === "first") job(workloads, "gone", "exec sleep 3600");
  if (step === "broken") job(workloads, "broken", "echo it is broken >&2; exit 3");
  if (step === "full") job(workloads, "full", "exec sleep 3600", { memory: 4_000_000 });
  if (step === "first") raw(workloads, "purged", JobType.SERVICE, "exec sleep 3600");

  // As a gateway with secrets: a variable of the job's own, and a system job whose template reads it and a key of Consul.
  const key = new TerraformVariable(workloads, "key", { type: "string", sensitive: true }).stringValue;
  const items = { KEY: key, ...(step === "first" ? { OLD: `old ${key}` } : {}) };
  const secrets = new Variable(workloads, "secrets", { path: "nomad/jobs/front", items });
  if (step === "first")
    new Variable(workloads, "more", { path: "nomad/jobs/front/more", items: { A: escapeTemplate("${x} %{y}") } });
  const command =
    step === "bad-system" ? "echo no gateway >&2; exit 5" : `exec sleep ${step === "first" ? 3600 : 3601}`;
  const front = raw(workloads, "front", JobType.SYSTEM, command, [
    {
      destination: "secrets/front",
      // For a key that is not there Nomad waits, as it does for an image that takes long.
      data:
        step === "slow-system"
          ? '{{ key "web/missing" }}'
          : '{{ with nomadVar "nomad/jobs/front" }}{{ .KEY }}{{ end }} {{ key "web/page" }}',
      changeMode: ChangeMode.NOOP,
    },
  ]);
  (front.node.defaultChild as NomadJob).dependsOn = [dependable(secrets)];
}

/** A job of the library. */
function raw(
  workloads: WorkloadsStack,
  id: string,
  type: JobType,
  command: string,
  templates?: readonly TemplateOptions[],
): Job {
  return new Job(workloads, id, {
    type,
    update: { stagger: "15s", minHealthyTime: "1s", healthyDeadline: "10s", progressDeadline: "20s" },
    groups: {
      group: {
        restart: { attempts: 1, interval: "1m", delay: "1s", mode: "delay" },
        tasks: {
          task: {
            rawExec: { command: "/bin/sh", args: ["-c", command] },
            resources: { cpu: 20, memoryMiB: 20 },
            templates,
          },
        },
      },
    },
  });
}

function job(
  workloads: WorkloadsStack,
  id: string,
  command: string,
  { memory = 20, count = 1, autoRevert }: { memory?: number; count?: number; autoRevert?: boolean } = {},
): void {
  const specification = {
    ID: id,
    Name: id,
    Type: "service",
    Datacenters: ["dc1"],
    TaskGroups: [
      {
        Name: "group",
        Count: count,
        RestartPolicy: { Attempts: 0, Mode: "fail" },
        ReschedulePolicy: { Attempts: 0, Unlimited: false },
        Update: { MinHealthyTime: 1e9, HealthyDeadline: 10e9, ProgressDeadline: 20e9, AutoRevert: autoRevert },
        Tasks: [
          {
            Name: "task",
            Driver: "raw_exec",
            Config: { command: "/bin/sh", args: ["-c", command] },
            Resources: { CPU: 20, MemoryMB: memory },
          },
        ],
      },
    ],
  };
  const jobspec = escapeTemplate(JSON.stringify(specification));
  const purgeOnDestroy = !["web", "gone"].includes(id);
  new NomadJob(workloads, id, { jobspec, json: true, detach: false, purgeOnDestroy, timeouts: { create: "20s" } });
}
