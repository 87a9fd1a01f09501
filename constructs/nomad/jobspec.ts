import { DefaultTokenResolver, Fn, StringConcat, Tokenization } from "cdktf";
import { IConstruct } from "constructs";
import { escapeTemplate, mapTokens } from "../private/template-escape";
import { ApiJob, ApiObject } from "./api";

/** A string token as cdktf writes it into text. */
const TOKEN = /(\$\{TfToken\[[^\]]+\]\})/;

/** A job on its way into text: for Terraform, and for people. */
export class Jobspec {
  private readonly json: string;
  private readonly hasReferences: boolean;

  constructor(private readonly job: ApiJob) {
    this.json = JSON.stringify({ Job: job });
    this.hasReferences = mayHaveTokens(this.json);
  }

  /**
   * The text of a Terraform attribute: JSON whose own `${…}` comes out as it went in. A reference inside a string of the job is
   * put in as JSON would write it, so that a quote in a variable's value does no harm.
   */
  get attribute(): string {
    if (!this.hasReferences) return escapeTemplate(this.json);
    return JSON.stringify({ Job: withLiteralReferences(this.job) })
      .split(TOKEN)
      .map((part, index) => (index % 2 === 1 ? insideString(part) : escapeTemplate(part)))
      .join("");
  }

  /** The job with its references as Terraform has them, `${var.image}`, human-readable. */
  readable(scope: IConstruct): ApiJob {
    if (!this.hasReferences) return this.job;
    const resolver = new DefaultTokenResolver(new StringConcat());
    return Tokenization.resolve(this.job, { scope, resolver, preparing: false }) as ApiJob;
  }
}

/** Whether there is anything to resolve, which takes longer than all else of a job: tokens as strings, as lists, as numbers. */
function mayHaveTokens(json: string): boolean {
  return json.includes("TfToken[") || /\d[eE]\+|unresolved/.test(json);
}

function insideString(token: string): string {
  const quote = Fn.rawString('"');
  return Fn.trimsuffix(Fn.trimprefix(Fn.jsonencode(token), quote), quote);
}

/**
 * A client reads a driver's configuration as a template: what a reference of Terraform's stands for is data in it, whatever it
 * holds. Runs of `$` and `%` before a brace, and at the end, where a brace may follow, become templates that are nothing but these.
 */
function withLiteralReferences(job: ApiJob): ApiJob {
  // `${"RUN"}` and what comes after it, in two parts: together they would be a template of Terraform's.
  const replacement = Fn.join("", ["$$", Fn.rawString('{"$1"}$2')]);
  const text = (value: string): string =>
    mapTokens(value, (token) => Fn.replace(token, "/([$%]+)([{]|$)/", replacement));
  const literal = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map(literal);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [text(key), literal(each)]));
  };
  const TaskGroups = job.TaskGroups.map((group) => ({
    ...group,
    Tasks: group.Tasks.map((task) => ({ ...task, Config: literal(task.Config) as ApiObject })),
  }));
  return { ...job, TaskGroups };
}
