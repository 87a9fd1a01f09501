import { TerraformStack } from "cdktf";
import {
  ApiJob,
  ChangeMode,
  Check,
  GroupOptions,
  Job,
  JobType,
  UpdateOptions,
  WEB_UPDATE,
  WebJob,
} from "../../constructs/nomad";
import { allRendered } from "../../constructs/nomad/api";
import { expectGolden } from "../support/golden";
import { EVERYTHING } from "./support/everything";
import { helloWorld, HELLO_WORLD } from "./support/hello-world";
import { workload } from "./support/workload";

test("S3's job says what the user's HCL says, and nothing else", () => {
  const { result } = workload(helloWorld);
  expectGolden("jobs.hello-world.json", result.file("jobs/hello-world.json"));
  expectGolden("jobs.hello-world.nomad.hcl", result.file("jobs/hello-world.nomad.hcl"));
});

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

test("every property has its place in the HCL", () => {
  const { result } = workload((stack) => new Job(stack, "everything", EVERYTHING));
  expectGolden("jobs.everything.nomad.hcl", result.file("jobs/everything.nomad.hcl"));
});

test("Terraform gets JSON with its own template syntax escaped, waits for the deployment, and leaves nothing behind", () => {
  const { result } = workload(helloWorld);
  const { nomad_job: jobs } = result.json.resource as unknown as { nomad_job: Record<string, { jobspec: string }> };
  const { jobspec, ...settings } = jobs["hello-world"]!;
  expect(settings).toMatchObject({ json: true, detach: false, purge_on_destroy: true });
  expect(jobspec).toContain("$${NOMAD_PORT_www}");
  expect(JSON.parse(jobspec.replaceAll("$${", "${"))).toEqual(JSON.parse(result.file("jobs/hello-world.json")));
});

test("names are written once: the service, its port and its check's lag come from the job", () => {
  workload((stack) => {
    const job = new WebJob(stack, "hello-world", { docker: { image: "nginx" }, ports: { www: { to: 80 } } });
    const service = { name: "hello-world-servers", port: "www", lag: 10, shutdownDelay: 10 };
    expect(job.service("www")).toEqual(service);
    expect(job.service()).toEqual(service);
  });
});

test("the name of a service is Nomad's own default, by job, group and task", () => {
  workload((stack) => {
    const job = new Job(stack, "shop", {
      name: "shop-1",
      groups: {
        api: {
          ports: { www: {}, admin: {} },
          shutdownDelay: "10s",
          services: [{ port: "www" }],
          tasks: { server: { exec: { command: "/bin/server" }, services: [{ port: "admin" }] } },
        },
      },
    });
    expect(job.service("www").name).toBe("shop-1-api");
    expect(job.service("admin").name).toBe("shop-1-api-server");
  });
});

test("overrides have the last word, from the task outwards", () => {
  workload((stack) => {
    const { groups } = HELLO_WORLD;
    const servers = groups.servers!;
    const job = new Job(stack, "hello-world", {
      override: (api) => ({
        ...api,
        Priority: 70,
        TaskGroups: api.TaskGroups.map((group) => ({ ...group, Count: 3 })),
      }),
      groups: {
        servers: {
          ...servers,
          override: (group) => ({ ...group, Count: 2, Scaling: { Min: 1, Max: 4, Enabled: true } }),
          tasks: { web: { ...servers.tasks.web, override: (task) => ({ ...task, Identity: { Env: true } }) } },
        },
      },
    });
    const api = job.toApiJob();
    expect(api).toMatchObject({ Priority: 70, TaskGroups: [{ Count: 3, Scaling: { Max: 4 } }] });
    expect(api.TaskGroups[0]!.Tasks[0]).toMatchObject({ Identity: { Env: true } });
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

test("a file with {{ in it arrives as it is: its template has other delimiters", () => {
  workload((stack) => {
    const job = new Job(stack, "files", {
      type: JobType.BATCH,
      groups: { g: { tasks: { t: { exec: { command: "cat" }, files: { a: "{{ x }} <<literal", b: "plain" } } } } },
    });
    expect(job.toApiJob().TaskGroups[0]!.Tasks[0]!.Templates).toEqual([
      {
        EmbeddedTmpl: "{{ x }} <<literal",
        DestPath: "local/a",
        ChangeMode: ChangeMode.NOOP,
        LeftDelim: "<<literal-",
        RightDelim: "literal->>",
      },
      { EmbeddedTmpl: "plain", DestPath: "local/b", ChangeMode: ChangeMode.NOOP },
    ]);
  });
});

test("a check's defaults hold while a container starts beside it, and say nothing where Nomad takes no thresholds", () => {
  workload((stack) => {
    const job = new Job(stack, "shop", {
      groups: {
        consul: {
          ports: { www: {} },
          services: [{ checks: [Check.http(), Check.script({ command: "/check" })] }],
          tasks: { t: { exec: { command: "x" } } },
        },
        nomad: {
          ports: { www: {} },
          services: [{ provider: "nomad", checks: [Check.http()] }],
          tasks: { t: { exec: { command: "x" } } },
        },
      },
    });
    const checks = job.toApiJob().TaskGroups.map(({ Services: [service] = [] }) => service?.Checks);
    expect(checks).toEqual([
      [
        { Type: "http", Path: "/", Interval: 2e9, Timeout: 3e9, FailuresBeforeCritical: 2 },
        { Type: "script", Command: "/check", TaskName: "t", Interval: 2e9, Timeout: 3e9 },
      ],
      [{ Type: "http", Path: "/", Interval: 2e9, Timeout: 3e9 }],
    ]);
  });
});

test("a system job says how long Nomad waits from one client to the next: until the successor gets requests", () => {
  workload((stack) => {
    const stagger = (options: Partial<GroupOptions>, update?: UpdateOptions, name = "a"): unknown =>
      new Job(stack, name, {
        type: JobType.SYSTEM,
        update,
        groups: { g: { tasks: { t: { exec: { command: "x" }, killTimeout: "30s" } }, ...options } },
      }).toApiJob().Update;
    const service = { ports: { www: {} }, services: [{ checks: [Check.http()] }], shutdownDelay: "10s" };
    // 10 s to leave the catalog, 30 s to end, 14.5 s until the director knows the new one.
    expect(stagger(service)).toEqual({ Stagger: 55e9 });
    expect(stagger({ tasks: { t: { exec: { command: "x" } } } }, undefined, "b")).toEqual({ Stagger: 30e9 });
    expect(stagger(service, { maxParallel: 2, stagger: "2m" }, "c")).toEqual({ MaxParallel: 2, Stagger: 120e9 });
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

test("a property that is rendered nowhere does not compile", () => {
  const rest: { fresh?: string } = { fresh: "dropped" };
  // @ts-expect-error: something is left
  expect(allRendered(rest)).toBe(rest);
});

test("an init may run as a container's first process", () => {
  workload((stack) => {
    const docker = { image: "busybox:1", init: true };
    const job = new Job(stack, "shop", { groups: { g: { tasks: { t: { docker } } } } });
    expect(job.toApiJob().TaskGroups[0]!.Tasks[0]!.Config).toEqual({ image: "busybox:1", init: true });
  });
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
