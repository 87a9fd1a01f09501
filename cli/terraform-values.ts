import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { CliError } from "./errors";
import { TERRAFORM } from "./terraform-run";

type Json = Readonly<Record<string, unknown>>;

export interface TemplateProblem {
  /** Which template; left out where it is about the variables themselves. */
  readonly index?: number;
  readonly message: string;
}

/** Templates with their values, or why there are none. */
export interface TemplateValues {
  readonly values: ReadonlyMap<string, unknown>;
  readonly problems: readonly TemplateProblem[];
}

/**
 * What Terraform makes of templates that refer to a stack's variables and locals: the variables come from the environment
 * (`TF_VAR_x`), with their types, defaults and rules. Terraform needs no provider for that, and nothing of it is stored.
 *
 * @param stack the synthesized JSON
 * @param templates strings as they are in that JSON: `"key=${var.key}"`
 */
export async function terraformValues(stack: Json, templates: readonly string[]): Promise<TemplateValues> {
  if (templates.length === 0) return { values: new Map(), problems: [] };
  const missing = missingVariables(stack);
  if (missing.length > 0) return { values: new Map(), problems: missing };
  const folder = mkdtempSync(join(tmpdir(), "vipstack-values-"));
  try {
    const { variable = {}, locals = {} } = stack;
    writeFileSync(join(folder, "stack.tf.json"), JSON.stringify({ variable, locals }));
    writeFileSync(join(folder, TEMPLATES), templatesFile(templates));
    // A plan reports each error with its place; the console does not, and crashes on errors.
    const problems = planProblems(await terraform(folder, ["plan", "-input=false", "-json"]));
    if (problems.length > 0) return { values: new Map(), problems };
    const all = `[${templates.map((_, index) => `local.vipstack_${index}`).join(", ")}]`;
    const printed = await terraform(folder, ["console"], `nonsensitive(sensitive(base64encode(jsonencode(${all}))))`);
    const encoded = /^"([A-Za-z0-9+/=]*)"$/m.exec(printed)?.[1];
    if (encoded === undefined) throw new CliError(`terraform console answers: ${printed.trim()}`, "report this");
    const values = JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as unknown[];
    return { values: new Map(templates.map((template, index) => [template, values[index]])), problems: [] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const TEMPLATES = "templates.tf.json";

/** One template a line, so that the line number of an error identifies it. */
function templatesFile(templates: readonly string[]): string {
  const lines = templates.map((template, index) => `"vipstack_${index}": ${JSON.stringify(template)}`);
  return `{"locals": {\n${lines.join(",\n")}\n}}\n`;
}

const FIRST_LINE = 2;

function missingVariables({ variable = {} }: Json): TemplateProblem[] {
  return Object.entries(variable as Record<string, Json>)
    .filter(([name, declared]) => !("default" in declared) && process.env[`TF_VAR_${name}`] === undefined)
    .map(([name]) => ({ message: `variable '${name}' has no value: set TF_VAR_${name}` }));
}

function planProblems(output: string): TemplateProblem[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => (JSON.parse(line) as { diagnostic?: Diagnostic }).diagnostic)
    .filter((diagnostic): diagnostic is Diagnostic => diagnostic?.severity === "error")
    .map(({ summary, detail, range }) => ({
      index: range?.filename === TEMPLATES ? range.start.line - FIRST_LINE : undefined,
      message: `${summary}: ${detail.replace(/\s+/g, " ").trim()}`,
    }))
    .sort((a, b) => (a.index ?? -1) - (b.index ?? -1));
}

async function terraform(folder: string, words: readonly string[], input?: string): Promise<string> {
  const env = { CHECKPOINT_DISABLE: "1", TF_INPUT: "0" };
  const { stdout } = await execa(TERRAFORM, words, { cwd: folder, input, reject: false, env });
  return stdout;
}

interface Diagnostic {
  readonly severity: string;
  readonly summary: string;
  readonly detail: string;
  readonly range?: { readonly filename: string; readonly start: { readonly line: number } };
}
