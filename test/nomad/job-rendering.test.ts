import { ChangeMode, Check, Job, JobType, WebJob } from "../../constructs/nomad";
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

test("every property has its place in the HCL for people", () => {
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
    const service = { name: "hello-world-servers", port: "www", lag: 3, shutdownDelay: 10 };
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
