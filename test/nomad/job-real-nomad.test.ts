import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformStack } from "cdktf";
import fc from "fast-check";
import { ApiJob, Job, JobBase, JobType, WebJob } from "../../constructs/nomad";
import { renderJobText } from "../../constructs/nomad/job-text";
import { awkwardText } from "../support/awkward-text";
import { missingPrograms } from "../support/programs";
import { EVERYTHING } from "./support/everything";
import { helloWorld } from "./support/hello-world";
import { RealNomad, withNomad } from "./support/real-nomad";
import { workload } from "./support/workload";

const nomad = new RealNomad();
beforeAll(async () => {
  if (missingPrograms("nomad").length === 0) await nomad.start();
}, 90_000);
afterAll(() => nomad.stop());

/** A job as the API gets it. */
function made(build: (stack: TerraformStack) => JobBase): ApiJob {
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

withNomad.each<[string, (stack: TerraformStack) => JobBase]>([
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
])("a job %s is taken by Nomad, and its HCL for people says the same", async (_, build) => {
  const job = made(build);
  await nomad.register(job);
  expect(await nomad.plan(await nomad.parse(renderJobText(job)))).toMatchObject({ Type: "None" });
});

withNomad("any text comes through the HCL for people", async () => {
  const texts = fc.sample(awkwardText, { numRuns: 200, seed: 7 }).map((text) => text.normalize("NFC"));
  const job = made((stack) => {
    const env = Object.fromEntries(texts.map((text, index) => [`T${index}`, text]));
    const templates = texts.map((text, index) => ({ destination: `local/${index}`, data: `${text}\n${text}\n` }));
    return new Job(stack, "texts", {
      groups: { g: { tasks: { t: { exec: { command: "x", args: texts }, env, templates } } } },
    });
  });
  const [task] = (await nomad.parse(renderJobText(job))).TaskGroups[0]!.Tasks;
  const [want] = job.TaskGroups[0]!.Tasks;
  expect(task!.Env).toEqual(want!.Env);
  expect(task!.Config).toEqual(want!.Config);
  expect(task!.Templates!.map(({ EmbeddedTmpl: text }) => text)).toEqual(
    want!.Templates!.map(({ EmbeddedTmpl: text }) => text),
  );
});

/** Without what differs from one registration to the next. */
function settled(job: ApiJob): object {
  const changing = ["CreateIndex", "ModifyIndex", "JobModifyIndex", "SubmitTime", "Status", "Version"];
  return Object.fromEntries(Object.entries(job).filter(([field]) => !changing.includes(field)));
}
