import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TerraformStack, TerraformVariable } from "cdktf";
import fc from "fast-check";
import { ApiJob, Job } from "../../constructs/nomad";
import { awkwardText } from "../support/awkward-text";
import { TERRAFORM_ENVIRONMENT, withTerraform } from "../support/terraform";
import { workload } from "./support/workload";

/** What a real Terraform makes of the `jobspec` of a stack's one job. */
function evaluate(build: (stack: TerraformStack) => Job, variables: Record<string, string> = {}): ApiJob {
  const { result } = workload(build);
  const { resource, variable } = result.json as unknown as {
    resource: { nomad_job: Record<string, { jobspec: string }> };
    variable?: object;
  };
  const [job] = Object.values(resource.nomad_job);
  const folder = mkdtempSync(join(tmpdir(), "vipstack-jobspec-"));
  try {
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ output: { job: { value: job!.jobspec } }, variable }));
    const options = { cwd: folder, env: TERRAFORM_ENVIRONMENT, stdio: "pipe" } as const;
    const values = Object.entries(variables).map(([name, value]) => `-var=${name}=${value}`);
    execFileSync("terraform", ["apply", "-auto-approve", "-input=false", ...values], options);
    const text = JSON.parse(execFileSync("terraform", ["output", "-json", "job"], options).toString()) as string;
    return (JSON.parse(text) as { Job: ApiJob }).Job;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

withTerraform("any string in args, env, files and templates comes out of Terraform as it went in", () => {
  // Terraform brings all text into Unicode's composed form.
  const texts = fc.sample(awkwardText, { numRuns: 150, seed: 4 }).map((text) => text.normalize("NFC"));
  const env = Object.fromEntries(texts.map((text, index) => [`T${index}`, text]));
  const files = Object.fromEntries(texts.map((text, index) => [`${index}.txt`, text]));
  const templates = texts.map((data, index) => ({ destination: `local/${index}.tpl`, data }));
  const tasks = { t: { exec: { command: "x", args: texts }, env, files, templates } };
  const [task] = evaluate((stack) => new Job(stack, "texts", { groups: { g: { tasks } } })).TaskGroups[0]!.Tasks;
  expect(task!.Env).toEqual(env);
  expect(task!.Config.args).toEqual(texts);
  expect(task!.Templates!.map(({ EmbeddedTmpl: text }) => text)).toEqual([...texts, ...texts]);
});

withTerraform("a variable's value may hold anything, and stands inside a text or alone", () => {
  const awkward = 'a "quoted" \\ back\nslash ${not} %{a} template <&>';
  const job = evaluate(
    (stack) => {
      const secret = new TerraformVariable(stack, "secret", { type: "string", sensitive: false });
      const env = { ALONE: secret.stringValue, WITHIN: `before \${NOMAD_PORT_www} ${secret.stringValue} after` };
      return new Job(stack, "texts", { groups: { g: { tasks: { t: { exec: { command: "x" }, env } } } } });
    },
    { secret: awkward },
  );
  expect(job.TaskGroups[0]!.Tasks[0]!.Env).toEqual({
    ALONE: awkward,
    WITHIN: `before \${NOMAD_PORT_www} ${awkward} after`,
  });
});

withTerraform("a number may be a variable", () => {
  const job = evaluate(
    (stack) => {
      const count = new TerraformVariable(stack, "count_wanted", { type: "number" });
      const tasks = { t: { exec: { command: "x" } } };
      return new Job(stack, "counted", { groups: { g: { count: count.numberValue, tasks } } });
    },
    { count_wanted: "4" },
  );
  expect(job.TaskGroups[0]!.Count).toBe(4);
});
