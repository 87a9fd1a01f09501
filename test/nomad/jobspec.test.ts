import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TerraformStack, TerraformVariable } from "cdktf";
import fc from "fast-check";
import { ApiJob, Job } from "../../constructs/nomad";
import { awkwardText } from "../support/awkward-text";
import { TERRAFORM, TERRAFORM_ENVIRONMENT, withTerraform } from "../support/terraform";
import { workload } from "./support/workload";

/** What a real Terraform makes of the `jobspec` of a stack's one job. */
function evaluate(build: (stack: TerraformStack) => Job, variables: Record<string, string> = {}): ApiJob {
  const { result } = workload(build);
  const { resource, variable } = result.json as unknown as {
    resource: { nomad_job: Record<string, { jobspec: string }> };
    variable?: object;
  };
  const [job] = Object.values(resource.nomad_job);
  return (JSON.parse(templateValue(job!.jobspec, variable, variables) as string) as { Job: ApiJob }).Job;
}

/** What HCL's JSON syntax makes of a value. */
function templateValue(value: unknown, variable?: object, variables: Record<string, string> = {}): unknown {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-jobspec-"));
  try {
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ output: { value: { value } }, variable }));
    const options = { cwd: folder, env: TERRAFORM_ENVIRONMENT, stdio: "pipe" } as const;
    const values = Object.entries(variables).map(([name, each]) => `-var=${name}=${each}`);
    execFileSync(TERRAFORM, ["apply", "-auto-approve", "-input=false", ...values], options);
    return JSON.parse(execFileSync(TERRAFORM, ["output", "-json", "value"], options).toString());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

withTerraform("any string in meta, env, files and templates comes out of Terraform as it went in", () => {
  // Terraform brings all text into Unicode's composed form.
  const texts = fc.sample(awkwardText, { numRuns: 150, seed: 4 }).map((text) => text.normalize("NFC"));
  const env = Object.fromEntries(texts.map((text, index) => [`T${index}`, text]));
  const files = Object.fromEntries(texts.map((text, index) => [`${index}.txt`, text]));
  const templates = texts.map((text, index) => ({ destination: `local/${index}.tpl`, data: `=${text}` }));
  const tasks = { t: { exec: { command: "x" }, meta: env, env, files, templates } };
  const [task] = evaluate((stack) => new Job(stack, "texts", { groups: { g: { tasks } } })).TaskGroups[0]!.Tasks;
  expect(task!.Env).toEqual(env);
  expect(task!.Meta).toEqual(env);
  expect(task!.Templates!.map(({ EmbeddedTmpl: text }) => text)).toEqual([
    ...texts.map((text) => `=${text}`),
    ...texts.map((text) => text || '{{ "" }}'),
  ]);
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

/**
 * A client reads a driver's configuration as Terraform reads its JSON: each string and each key of a map is a template.
 * driver-config-real-nomad.test.ts asks a real one.
 */
withTerraform("a driver gets what was written, whatever it is, through Terraform's templates and the client's", () => {
  const texts = fc.sample(awkwardText, { numRuns: 150, seed: 5 }).map((text) => text.normalize("NFC"));
  const written = {
    list: texts,
    maps: [Object.fromEntries(texts.map((text) => [`k${text}`, { deeper: text }]))],
    n: 1,
  };
  const docker = {
    image: "%{i}",
    command: "${c:-d}",
    args: texts,
    entrypoint: texts,
    volumes: texts,
    labels: { "%{l}": "${l}" },
  };
  const tasks = { other: { driver: { name: "podman", config: written } }, docker: { docker } };
  const [other, container] = evaluate((stack) => new Job(stack, "texts", { groups: { g: { tasks } } })).TaskGroups[0]!
    .Tasks;
  expect(templateValue(other!.Config)).toEqual(written);
  expect(templateValue(container!.Config)).toEqual({ ...docker, labels: [docker.labels] });
});

withTerraform("the value of a variable is data for the driver, wherever it stands", () => {
  const values = [
    "%{http_code} ${x} $${y} %%%{z}",
    "{brace",
    "ends with $",
    'a "quoted" \\ back\nslash',
    "${NOMAD_PORT_www}",
  ];
  for (const value of values) {
    const job = evaluate(
      (stack) => {
        const word = new TerraformVariable(stack, "word", { type: "string" }).stringValue;
        const config = { args: [word, `a$${word}{b}%${word}`], labels: [{ [`k${word}`]: word }] };
        return new Job(stack, "texts", { groups: { g: { tasks: { t: { driver: { name: "podman", config } } } } } });
      },
      { word: value },
    );
    expect(templateValue(job.TaskGroups[0]!.Tasks[0]!.Config)).toEqual({
      args: [value, `a$${value}{b}%${value}`],
      labels: [{ [`k${value}`]: value }],
    });
  }
});
