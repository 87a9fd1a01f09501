import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TerraformStack } from "cdktf";
import fc from "fast-check";
import { ApiJob, Job, JobType, WebJob } from "../../constructs/nomad";
import { NESTED } from "../../constructs/nomad/shape";
import { renderJobFile } from "../../constructs/nomad/render/hcl";
import { JOB_FIELDS, usedFields } from "../../constructs/nomad/versions";
import { versionFailures } from "../../constructs/private/first-versions";
import { awkwardText } from "../support/awkward-text";
import { GatewayOptions } from "../../constructs/apisix";
import { onNomad, variable } from "../apisix/support/gateways";
import { missingPrograms } from "../support/programs";
import { EVERYTHING } from "./support/everything";
import { helloWorld } from "./support/hello-world";
import { RealNomad, withNomad } from "./support/real-nomad";
import { workload } from "./support/workload";

// A real Nomad and a program in another process: on a busy host either takes longer than a unit test.
jest.setTimeout(120_000);

const nomad = new RealNomad();
beforeAll(async () => {
  if (missingPrograms("nomad").length === 0) await nomad.start();
}, 90_000);
afterAll(() => nomad.stop());

/** A job as the API gets it. */
function made(build: (stack: TerraformStack) => Job): ApiJob {
  let job: ApiJob | undefined;
  workload((stack) => (job = build(stack).toApiJob()));
  return job!;
}

withNomad("S3's job written in TypeScript is S3's job written in HCL", async () => {
  const hcl = readFileSync(join(__dirname, "hello-world.nomad.hcl"), "utf8");
  const job = made(helloWorld);
  await nomad.register(await nomad.parse(hcl));
  const first = await nomad.read("hello-world");
  expect(await nomad.plan(job)).toMatchObject({ Type: "None" });

  await nomad.register(job);
  const second = await nomad.read("hello-world");
  // A change would have made a new version.
  expect(second.Version).toBe(0);
  expect(settled(second)).toEqual(settled(first));
});

withNomad("the comparison sees a change", async () => {
  const job = made(helloWorld);
  await nomad.register(job);
  expect(await nomad.plan({ ...job, Meta: { foo: "baz" } })).toMatchObject({ Type: "Edited" });
});

/** Without the properties that the running Nomad does not know, by the table. */
async function known(job: ApiJob): Promise<{ job: ApiJob; unknown: string[] }> {
  const version = await nomad.version();
  const failures = versionFailures({ program: "Nomad", version }, JOB_FIELDS, usedFields(job, NESTED));
  const unknown = new Set(failures.map(({ property }) => property));
  const bare = structuredClone(job);
  for (const group of bare.TaskGroups)
    for (const task of group.Tasks)
      for (const [index, template] of (task.Templates ?? []).entries())
        if (unknown.has(`groups.${group.Name}.tasks.${task.Name}.templates[${index}].once`)) delete template.Once;
  return { job: bare, unknown: [...unknown] };
}

withNomad("each property of a job is kept, but for those in the table of versions", async () => {
  const { job, unknown } = await known(made((stack) => new Job(stack, "everything", EVERYTHING)));
  const [dropped] = (await nomad.version()) === "1.6.3" ? ["groups.front.tasks.server.templates[2].once"] : [];
  expect(unknown).toEqual(dropped === undefined ? [] : [dropped]);
  await nomad.register(job);
  expect(await nomad.read("everything")).toMatchObject(kept(job));
});

withNomad("what the table says came later is lost silently: for that it is there", async () => {
  const version = await nomad.version();
  const task = { Name: "t", Driver: "exec", Config: { command: "x" } };
  const template = { DestPath: "local/a", EmbeddedTmpl: "a", Once: true };
  const group = { Name: "g", Disconnect: { LostAfter: 60e9 }, Tasks: [{ ...task, Templates: [template] }] };
  const job = {
    ID: "later",
    Name: "later",
    Type: "service",
    Datacenters: ["*"],
    UI: { Description: "x" },
    TaskGroups: [group],
  };
  const failures = versionFailures({ program: "Nomad", version }, JOB_FIELDS, usedFields(job, NESTED));
  await nomad.register(job);
  const read = await nomad.read("later");
  const lost: Record<string, boolean> = {
    ui: read.UI === undefined,
    "groups.g.disconnect": read.TaskGroups[0]!.Disconnect === undefined,
    "groups.g.tasks.t.templates[0].once": read.TaskGroups[0]!.Tasks[0]!.Templates![0]!.Once !== true,
  };
  expect(failures.map(({ property }) => property).sort()).toEqual(
    Object.keys(lost)
      .filter((property) => lost[property])
      .sort(),
  );
});

withNomad.each<[string, (stack: TerraformStack) => Job]>([
  ["with every property", (stack) => new Job(stack, "everything", EVERYTHING)],
  [
    "for the web",
    (stack) => new WebJob(stack, "web", { docker: { image: "nginx:stable" }, ports: { www: { to: 80 } } }),
  ],
  [
    "on every client",
    (stack) => {
      const tasks = { t: { exec: { command: "/bin/true" } } };
      return new Job(stack, "agent", {
        type: JobType.SYSTEM,
        groups: { g: { tasks, ports: { p: { static: 9080 } } } },
      });
    },
  ],
  [
    "that comes again",
    (stack) => {
      const groups = { g: { tasks: { t: { exec: { command: "/bin/true" } } } } };
      const periodic = { crons: ["0 3 * * *"], timeZone: "Europe/Berlin", prohibitOverlap: true };
      return new Job(stack, "nightly", { type: JobType.BATCH, periodic, groups });
    },
  ],
])("a job %s is taken by Nomad, and its HCL says the same", async (_, build) => {
  const { job } = await known(made(build));
  await nomad.register(job);
  expect(await nomad.plan(await nomad.parse(renderJobFile(job)))).toMatchObject({ Type: "None" });
});

withNomad("any text comes through the HCL", async () => {
  const texts = fc.sample(awkwardText, { numRuns: 200, seed: 7 }).map((text) => text.normalize("NFC"));
  const job = made((stack) => {
    const env = Object.fromEntries(texts.map((text, index) => [`T${index}`, text]));
    const templates = texts.map((text, index) => ({ destination: `local/${index}`, data: `${text}\n${text}\n` }));
    return new Job(stack, "texts", {
      groups: { g: { tasks: { t: { exec: { command: "x", args: texts }, env, templates } } } },
    });
  });
  const [task] = (await nomad.parse(renderJobFile(job))).TaskGroups[0]!.Tasks;
  const [want] = job.TaskGroups[0]!.Tasks;
  expect(task!.Env).toEqual(want!.Env);
  expect(task!.Config).toEqual(want!.Config);
  expect(task!.Templates!.map(({ EmbeddedTmpl: text }) => text)).toEqual(
    want!.Templates!.map(({ EmbeddedTmpl: text }) => text),
  );
});

/** As Nomad keeps it: with constraints of its own, and most of the job's update in its groups. */
function kept({ Update: update, ...job }: ApiJob): object {
  const { Stagger: stagger, MaxParallel: parallel, ...rest } = update ?? {};
  const TaskGroups = job.TaskGroups.map(({ Constraints: constraints, Update: own, ...group }) => ({
    ...group,
    Update: { ...rest, ...own },
    ...(constraints && { Constraints: expect.arrayContaining(constraints) as unknown }),
  }));
  const Update = {
    ...(stagger !== undefined && { Stagger: stagger }),
    ...(parallel !== undefined && { MaxParallel: parallel }),
  };
  return { ...job, Update, TaskGroups };
}

/** Without what differs from one registration to the next. */
function settled(job: ApiJob): object {
  const changing = ["CreateIndex", "ModifyIndex", "JobModifyIndex", "SubmitTime", "Status", "Version"];
  return Object.fromEntries(Object.entries(job).filter(([field]) => !changing.includes(field)));
}

describe("the files beside the JSON of every program and gateway", () => {
  const out = mkdtempSync(join(tmpdir(), "vipstack-jobs-"));
  afterAll(() => {
    rmSync(out, { recursive: true });
  });

  /** Every job of a folder of stacks, as the API gets it and as a job file. */
  function jobsBelow(folder: string): [string, ApiJob, string][] {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return files
      .filter((file) => /(^|\/)jobs\/[^/]+\.json$/.test(file))
      .map((file) => {
        const { Job: job } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { Job: ApiJob };
        return [job.ID, job, readFileSync(join(folder, file.replace(/\.json$/, ".nomad.hcl")), "utf8")];
      });
  }

  const project = join(__dirname, "..", "..");
  const examples = readdirSync(join(project, "examples")).sort();
  withNomad(
    "say the same, of all programs",
    async () => {
      const found: string[] = [];
      for (const main of ["main.ts", ...examples.map((example) => join("examples", example, "main.ts"))]) {
        const folder = join(out, main.replaceAll("/", "-"));
        Object.assign(process.env, { CDKTF_OUTDIR: folder, VIPSTACK_STATE: join(folder, "state") });
        jest.isolateModules(() => jest.requireActual(join(project, main)));
        delete process.env.CDKTF_OUTDIR;
        delete process.env.VIPSTACK_STATE;
        for (const [name, job, hcl] of jobsBelow(folder)) {
          await nomad.register(job);
          expect(await nomad.plan(await nomad.parse(hcl))).toMatchObject({ Type: "None" });
          expect(await nomad.read(name)).toMatchObject(kept(job));
          found.push(name);
        }
      }
      expect(found).toContain("hello-world");
    },
    180_000,
  );

  withNomad.each([
    ["by default", {}],
    ["with secrets", { secrets: { KEY: "k" }, httpsPort: 9443, streamPorts: { tcp: [5432] } }],
  ])("say the same, of a gateway %s", async (_, options: GatewayOptions) => {
    const result = onNomad((stack) => ({
      ...options,
      ...(options.secrets && { secrets: { KEY: variable(stack, "key") } }),
    }));
    const { Job: job } = JSON.parse(result.file("jobs/front.json")) as { Job: ApiJob };
    await nomad.register(job);
    expect(await nomad.plan(await nomad.parse(result.file("jobs/front.nomad.hcl")))).toMatchObject({ Type: "None" });
    expect(await nomad.read("front")).toMatchObject(kept(job));
  });
});
