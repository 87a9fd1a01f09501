import { ChangeMode, Check, GroupOptions, Job, JobType, UpdateOptions } from "../../constructs/nomad";
import { allRendered } from "../../constructs/nomad/api";
import { expectGolden } from "../support/golden";
import { EVERYTHING } from "./support/everything";
import { helloWorld, HELLO_WORLD } from "./support/hello-world";
import { web } from "./support/small-jobs";
import { refusalOf, workload } from "./support/workload";

test("S3's job says what the user's HCL says, and nothing else", () => {
  const { result } = workload(helloWorld);
  expectGolden("jobs.hello-world.json", result.file("jobs/hello-world.json"));
  expectGolden("jobs.hello-world.nomad.hcl", result.file("jobs/hello-world.nomad.hcl"));
});

test("every property has its place in the HCL", () => {
  const { result } = workload((stack) => new Job(stack, "everything", EVERYTHING));
  expectGolden("jobs.everything.nomad.hcl", result.file("jobs/everything.nomad.hcl"));
  // A block that the job file does not know is JSON in a comment.
  expect(result.file("jobs/everything.nomad.hcl")).not.toMatch(/^ *#/m);
});

test("Terraform gets JSON with its own template syntax escaped, waits for the deployment, and leaves nothing behind", () => {
  const { result } = workload(helloWorld);
  const { nomad_job: jobs } = result.json.resource as unknown as { nomad_job: Record<string, { jobspec: string }> };
  const { jobspec, ...settings } = jobs["hello-world"]!;
  expect(settings).toMatchObject({ json: true, detach: false, purge_on_destroy: true });
  expect(jobspec).toContain("$${NOMAD_PORT_www}");
  expect(JSON.parse(jobspec.replaceAll("$${", "${"))).toEqual(JSON.parse(result.file("jobs/hello-world.json")));
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

test("an unknown service is reported with those that exist", () => {
  expect(refusalOf((stack) => web({})(stack).service("admin"))).toBe(
    "test/shop: 'service' must be one of the job's by the label of its port ('www'), got \"admin\": name the label of one",
  );
});

test("the convergence of each service is said in one line", () => {
  const { stack } = workload(web({}));
  const infos = stack.node
    .findAll()
    .flatMap(({ node }) => node.metadata.filter(({ type }) => type === "@cdktf/info").map(({ data }) => String(data)));
  expect(infos).toEqual(["shop-servers: scale-out 2.3s to 14.5s, scale-in 1.3s to 9.5s of the 10s shutdown delay"]);
});
