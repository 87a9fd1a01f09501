import { TerraformStack } from "cdktf";
import { ApiJob, Check, Job, WEB_UPDATE, WebJob } from "../../constructs/nomad";
import { expectGolden } from "../support/golden";
import { EVERYTHING } from "./support/everything";
import { workload } from "./support/workload";

test("a web job has its defaults in plain sight", () => {
  const { result } = workload((stack) => {
    new WebJob(stack, "hello-world", {
      count: 2,
      docker: { image: "busybox:1", command: "httpd", args: ["-v", "-f", "-p", "${NOMAD_PORT_www}", "-h", "/local"] },
      ports: { www: { to: 8001 } },
      files: { "index.html": "<h1>Hello, Nomad!</h1>" },
    });
  });
  expectGolden("jobs.web-job.nomad.hcl", result.file("jobs/hello-world.nomad.hcl"));
  expectGolden("jobs.web-job.convergence.txt", result.file("jobs/hello-world.convergence.txt"));
});

test("names are written once: the service, its port and its check's lag come from the job", () => {
  workload((stack) => {
    const job = new WebJob(stack, "hello-world", { docker: { image: "nginx" }, ports: { www: { to: 80 } } });
    const service = { name: "hello-world-servers", port: "www", lag: "10s", shutdownDelay: "10s" };
    expect(job.service("www")).toEqual(service);
    expect(job.service()).toEqual(service);
  });
});

test("a web job with a static port replaces one instance at a time, without a canary", () => {
  workload((stack) => {
    const job = new WebJob(stack, "web", { exec: { command: "/bin/server" }, ports: { www: { static: 8080 } } });
    expect(job.toApiJob().TaskGroups[0]!.Update).toMatchObject({ Canary: 0, AutoPromote: false, AutoRevert: true });
  });
});

test("what is said of an update, a restart or a service goes over the defaults", () => {
  workload((stack) => {
    const job = new WebJob(stack, "web", {
      docker: { image: "nginx" },
      group: "front",
      task: "nginx",
      port: "www",
      ports: { www: { to: 80 }, metrics: { to: 9113 } },
      check: Check.http({ path: "/health", interval: "5s" }),
      service: { tags: ["v1"], addressMode: "host" },
      services: { metrics: { checks: [Check.tcp()] } },
      update: { canary: 0, maxParallel: 2 },
      reschedule: { attempts: 3, interval: "10m" },
      tasks: { exporter: { docker: { image: "exporter" }, lifecycle: { hook: "poststart", sidecar: true } } },
    });
    const [group] = job.toApiJob().TaskGroups;
    expect(group).toMatchObject({
      Name: "front",
      Update: { Canary: 0, AutoPromote: false, MaxParallel: 2, AutoRevert: true },
      ReschedulePolicy: { Attempts: 3, Unlimited: false },
      Services: [
        { Name: "web-front", PortLabel: "www", Tags: ["v1"], Checks: [{ Path: "/health", Interval: 5e9 }] },
        { Name: "web-front-metrics", PortLabel: "metrics", Checks: [{ Type: "tcp" }] },
      ],
      Tasks: [{ Name: "nginx" }, { Name: "exporter", Lifecycle: { Hook: "poststart", Sidecar: true } }],
    });
  });
});

test("whatever a web job takes for its job, group and task arrives there", () => {
  const { namespace, region, nodePool, datacenters, priority, meta, spreads } = EVERYTHING;
  const { front } = EVERYTHING.groups;
  const none = { services: undefined, meta: undefined, override: undefined };
  const { tasks, update, ...parts } = { ...front!, ...none };
  const { docker, env, templates, artifacts, resources, volumeMounts, ...more } = tasks.server!;
  const { killTimeout, killSignal, user, logs } = more;
  const job = { name: "shop", namespace, region, nodePool, datacenters, priority, meta };
  const group = { ...parts, spreads, update: { ...WEB_UPDATE, ...update } };
  const files = { a: "b" };
  const main = {
    docker,
    env,
    templates,
    files,
    artifacts,
    resources,
    volumeMounts,
    killTimeout,
    killSignal,
    user,
    logs,
  };
  const made = (build: (stack: TerraformStack) => Job | WebJob): ApiJob => {
    let api: ApiJob | undefined;
    workload((stack) => (api = build(stack).toApiJob()));
    return api!;
  };
  const flat = made(
    (stack) => new WebJob(stack, "a", { ...group, ...job, ...main, port: "www", group: "front", task: "server" }),
  );
  const services = [{ port: "www", checks: [Check.http()] }];
  const nested = made(
    (stack) => new Job(stack, "b", { ...job, groups: { front: { ...group, services, tasks: { server: main } } } }),
  );
  const { ReschedulePolicy: reschedule, RestartPolicy: restart, ...rest } = flat.TaskGroups[0]!;
  const { ReschedulePolicy: reschedules, RestartPolicy: restarts, ...wanted } = nested.TaskGroups[0]!;
  expect(rest).toEqual(wanted);
  // What is left out of these is a web job's.
  expect(reschedule).toMatchObject(reschedules!);
  expect(restart).toMatchObject(restarts!);
  expect({ ...flat, TaskGroups: [] }).toEqual({ ...nested, TaskGroups: [] });
});

test("a service's weight goes with its instances, canaries as well", () => {
  workload((stack) => {
    const service = { weight: 5, meta: { a: "b" }, canaryMeta: { c: "d" } };
    const job = new WebJob(stack, "shop", { docker: { image: "nginx" }, ports: { www: { to: 80 } }, service });
    expect(job.toApiJob().TaskGroups[0]!.Services).toMatchObject([
      { Meta: { a: "b", "vipstack-weight": "5" }, CanaryMeta: { c: "d", "vipstack-weight": "5" } },
    ]);
  });
});
