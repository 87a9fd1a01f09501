import { TerraformStack } from "cdktf";
import { Check, JobType } from "../../constructs/nomad";
import { job, server, task, web } from "./support/small-jobs";
import { refusalOf } from "./support/workload";

test.each<[string, (stack: TerraformStack) => unknown, string]>([
  [
    "a service names no port of the group",
    job({ ports: { www: {} }, services: [{ port: "http" }] }),
    "test/shop: 'groups.web.services[0].port' must be a label of the group's ports (www), got \"http\": use one of them, or add it to 'ports'",
  ],
  [
    "a service names a port by number",
    job({ services: [{ port: "8080" }] }),
    "test/shop: 'groups.web.services[0].port' must be a label, because a number is registered without an address, got \"8080\": add it to 'ports': { www: { static: 8080 } }, and use the label",
  ],
  [
    "a check names no port of the group",
    web({ check: Check.tcp({ port: "admin" }) }),
    "test/shop: 'check.port' must be a label of the group's ports (www), got \"admin\": use one of them, or add it to 'ports'",
  ],
  [
    "docker publishes no port of the group",
    web({ docker: { image: "nginx", ports: ["http"] } }),
    "test/shop: 'docker.ports' must be labels of the group's ports (www), got \"http\": use one of them, or add it to 'ports'",
  ],
  [
    "a web job has two ports and does not say which one requests come to",
    web({ ports: { www: {}, admin: {} } }),
    "test/shop: 'port' must be a label of the group's ports (www, admin): say which one",
  ],
  [
    "two services of a job have one name",
    job({ ports: { www: {}, admin: {} }, services: [{ port: "www" }, { port: "admin" }] }),
    "test/shop: 'groups.web.services[1].name' can't be the name of groups.web.services[0], too, because instances with one name are treated as interchangeable, got \"shop-web\": give it one of its own: name: 'shop-web-admin'",
  ],
  [
    "a service is called as Nomad's own",
    web({ service: { name: "nomad-client" } }),
    "test/shop: 'service.name' can't be a name that Consul and Nomad use themselves, got \"nomad-client\": choose another one",
  ],
  [
    "a service's name is no host name",
    web({ service: { name: "hello_world" } }),
    "test/shop: 'service.name' must be letters, digits and hyphens, 63 at most, got \"hello_world\": for example 'hello-world-servers'",
  ],
  [
    "a duration is none",
    web({ killTimeout: "10" }),
    "test/shop: 'killTimeout' must be a duration, got \"10\": write it like '10s', '1m30s' or '500ms'",
  ],
  [
    "a check is faster than Nomad allows",
    web({ check: Check.http({ interval: "500ms" }) }),
    "test/shop: 'check.interval' must be a duration from 1s to 2400h, got \"500ms\": use '1s' or more",
  ],
  [
    "a check's path is a URL",
    web({ check: Check.http({ path: "http://localhost/health" }) }),
    "test/shop: 'check.path' must start with '/', got \"http://localhost/health\": write '/health'; host and port come from the service",
  ],
  [
    "a script check in a group of two tasks says not where",
    job({
      ports: { www: {} },
      tasks: { a: server, b: server },
      services: [{ checks: [Check.script({ command: "/check" })] }],
    }),
    "test/shop: 'groups.web.services[0].checks[0].task' must be a task of the group (a, b), which the script is run in: name one of them",
  ],
  [
    "another task of a web job has a service without a port",
    web({ tasks: { exporter: { ...server, services: [{ port: "metrics" }] } } }),
    "test/shop: 'tasks.exporter.services[0].port' must be a label of the group's ports (www), got \"metrics\": use one of them, or add it to 'ports'",
  ],
  [
    "a second check and another port's service of a web job are wrong",
    web({
      service: { checks: [Check.tcp({ interval: "x" })] },
      services: { admin: { checks: [Check.tcp({ port: "a" })] } },
    }),
    [
      "test/shop: 3 problems",
      "  - 'service.checks[0].interval' must be a duration, got \"x\": write it like '10s', '1m30s' or '500ms'",
      "  - 'services.admin.port' must be a label of the group's ports (www), got \"admin\": use one of them, or add it to 'ports'",
      "  - 'services.admin.checks[0].port' must be a label of the group's ports (www), got \"a\": use one of them, or add it to 'ports'",
    ].join("\n"),
  ],
  [
    "a web job's service wants its driver's address, which only a task's can have",
    web({ service: { addressMode: "driver" } }),
    "test/shop: 'service.addressMode' can be 'driver' in a task's service only, got \"driver\": use 'alloc'",
  ],
  [
    "a task has the name of Nomad's own folder",
    job({ tasks: { alloc: server } }),
    "test/shop: 'groups.web.tasks' can't name a task 'alloc', or with slashes in it, got \"alloc\": choose another name for the task",
  ],
  [
    "the main task of a web job has a slash in its name",
    web({ task: "a/b" }),
    "test/shop: 'task' can't name a task 'alloc', or with slashes in it, got \"a/b\": choose another name for the task",
  ],
  [
    "an instance has to be healthy longer than it may take",
    web({ update: { minHealthyTime: "3m" } }),
    "test/shop: 'update.minHealthyTime' must be below 'healthyDeadline' (2m), or no instance is ever healthy, got \"3m\": shorten it, or raise 'healthyDeadline'",
  ],
  [
    "an instance may take longer than the deployment",
    web({ update: { healthyDeadline: "10m" } }),
    "test/shop: 'update.healthyDeadline' must be below 'progressDeadline' (3m), got \"10m\": shorten it, or raise 'progressDeadline'",
  ],
  [
    "restarts don't fit into their interval",
    web({ restart: { delay: "30s" } }),
    "test/shop: 'restart.attempts' must fit into 'interval' (1m) with a 'delay' of 30s each, got 3: raise 'interval', or lower one of the two",
  ],
  [
    "rescheduling has an end and none",
    web({ reschedule: { attempts: 3, unlimited: true } }),
    "test/shop: 'reschedule.attempts' can't go with 'unlimited', got 3: use one of them",
  ],
  [
    "there is no canary to promote",
    job({ update: { autoPromote: true } }),
    "test/shop: 'groups.web.update.autoPromote' must go with 'canary', because otherwise there is nothing to promote, got true: use canary: 1, or leave 'autoPromote' out",
  ],
  [
    "a system job has a count",
    job({ count: 3 }, { type: JobType.SYSTEM }),
    "test/shop: 'groups.web.count' can't go with JobType.SYSTEM, which runs one on every client, got 3: leave it out, or use JobType.SERVICE",
  ],
  [
    "a system job's group says how fast clients follow each other",
    job({ update: { stagger: "1m" } }, { type: JobType.SYSTEM }),
    "test/shop: 'groups.web.update.stagger' can't go with a group: Nomad reads a system job's own, got \"1m\": move it to the job's 'update'",
  ],
  [
    "a check counts where there is nothing to count",
    job({
      ports: { www: {} },
      services: [
        { checks: [Check.script({ command: "/check", failuresBeforeCritical: 3 })] },
        { name: "other", checks: [Check.tcp({ successBeforePassing: -1 })] },
      ],
    }),
    [
      "test/shop: 2 problems",
      "  - 'groups.web.services[0].checks[0].failuresBeforeCritical' can't go with Check.script, whose result Nomad reports as it is, got 3: leave it out",
      "  - 'groups.web.services[1].checks[0].successBeforePassing' must be a whole number, 0 or more, got -1: 2 is usual",
    ].join("\n"),
  ],
  [
    "a check of Nomad's own counts",
    web({ service: { provider: "nomad" }, check: Check.http({ failuresBeforeCritical: 2 }) }),
    "test/shop: 'check.failuresBeforeCritical' can't go with provider 'nomad', whose checks have no thresholds, got 2: leave it out",
  ],
  [
    "a service's weight is none, or of a catalog that no director follows",
    job({
      ports: { www: {} },
      services: [{ weight: 0 }, { name: "other", weight: 70000 }],
    }),
    [
      "test/shop: 2 problems",
      "  - 'groups.web.services[0].weight' must be a whole number from 1 to 65535, got 0: 1 is usual",
      "  - 'groups.web.services[1].weight' must be a whole number from 1 to 65535, got 70000: 1 is usual",
    ].join("\n"),
  ],
  [
    "a service's weight is for a catalog that no director follows",
    job({ ports: { www: {} }, services: [{ provider: "nomad", weight: 2 }] }),
    "test/shop: 'groups.web.services[0].weight' can't go with provider 'nomad', which directors don't follow, got 2: leave 'provider' out to use Consul",
  ],
  [
    "a system job is rescheduled",
    job({ reschedule: { unlimited: true } }, { type: JobType.SYSTEM }),
    "test/shop: 'groups.web.reschedule' can't go with JobType.SYSTEM, whose instances belong to their clients: leave it out",
  ],
  [
    "a service job is periodic",
    job({}, { periodic: { crons: ["@daily"] } }),
    "test/shop: 'periodic' can't go with JobType.SERVICE, which never ends, got [\"@daily\"]: use JobType.BATCH",
  ],
  [
    "a task has two drivers",
    task({ exec: { command: "/bin/true" } }),
    "test/shop: 'groups.web.tasks.server.docker' must be given, or one of 'exec', 'rawExec', 'driver', and only one of them, got [\"docker\",\"exec\"]: say how the task is run: docker: { image: 'nginx:stable' }",
  ],
  [
    "two labels of a group have one static port",
    job({ ports: { www: { static: 80 }, admin: { static: 80 } } }),
    "test/shop: 'groups.web.ports.admin.static' can't be the port of 'www', too, got 80: choose another one for either",
  ],
  [
    "a template signals without a signal",
    task({ templates: [{ destination: "local/a", data: "a", changeMode: "signal" as never }] }),
    "test/shop: 'groups.web.tasks.server.templates[0].changeSignal' must go with ChangeMode.SIGNAL: give both: changeMode: ChangeMode.SIGNAL, changeSignal: 'SIGHUP'",
  ],
  [
    "a template is empty",
    task({ templates: [{ destination: "local/a", data: "" }] }),
    "test/shop: 'groups.web.tasks.server.templates[0].data' can't be empty, which Nomad refuses, got \"\": for an empty file use the task's 'files'",
  ],
  [
    "a template comes from a file without a name and goes nowhere",
    task({ templates: [{ destination: "", source: "" }] }),
    [
      "test/shop: 2 problems",
      "  - 'groups.web.tasks.server.templates[0].source' can't be empty, which Nomad refuses, got \"\": for an empty file use the task's 'files'",
      "  - 'groups.web.tasks.server.templates[0].destination' must lie in the task's folder, got \"\": for example 'local/nginx.conf'",
    ].join("\n"),
  ],
  [
    "a file has a folder's name, an artifact no source",
    web({ files: { "html/": "" }, artifacts: [{ source: "" }] }),
    [
      "test/shop: 2 problems",
      "  - 'artifacts[0].source' can't be empty, which Nomad refuses, got \"\": name a URL",
      "  - 'files' must have paths below the task's local folder, got \"html/\": for example 'index.html'",
    ].join("\n"),
  ],
  [
    "a volume is mounted that the group has not",
    task({ volumeMounts: [{ volume: "data", destination: "/data" }] }),
    "test/shop: 'groups.web.tasks.server.volumeMounts' must name volumes of the group, got \"data\": add it to 'volumes'",
  ],
])("fails when %s, with the cure", (_, build, message) => {
  expect(refusalOf(build)).toBe(message);
});

test("all errors of a job are reported at once", () => {
  expect(refusalOf(web({ count: -1, killTimeout: "x", check: Check.http({ path: "x" }) }))).toBe(
    [
      "test/shop: 3 problems",
      "  - 'count' must be a whole number, 0 or more, got -1: give the number of instances",
      "  - 'killTimeout' must be a duration, got \"x\": write it like '10s', '1m30s' or '500ms'",
      "  - 'check.path' must start with '/', got \"x\": write '/x'; host and port come from the service",
    ].join("\n"),
  );
});
