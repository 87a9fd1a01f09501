import { ApiObject } from "../api";

/** A string token as cdktf writes it into text. */
const TOKEN = /(\$\{TfToken\[[^\]]+\]\})/;

/** `$` and `%` directly before a `{`: where HCL's template language starts. */
const TEMPLATE_START = /[$%]+(?=\{)/g;

/** What a client knows of itself and of the task, as its template language names it. */
const REFERENCE = /^\$\{\s*(NOMAD_\w+|(attr|node|meta|env)(\.[\w-]+|\["[^"\\]*"\])+)\s*\}/;

/** A variable by its name alone. */
const NAME = /^\$\{\s*([A-Za-z_][\w.-]*)\s*\}/;

/**
 * A driver's configuration as the API has to get it. A client reads each of its strings, and each key of a map, as an HCL
 * template, in JSON as well: `%{http_code}` and `${HOST:-web}` would fail the task. What is no reference of Nomad's is escaped, so
 * that the driver gets it as it was written.
 *
 * @param env names of the task's own environment, which are references too
 * @see https://developer.hashicorp.com/nomad/docs/runtime/interpolation
 */
export function escapeDriverConfig(config: ApiObject, env: ReadonlySet<string>): ApiObject {
  return escaped(config, env) as ApiObject;
}

function escaped(value: unknown, env: ReadonlySet<string>): unknown {
  if (typeof value === "string") return escapeText(value, env);
  if (Array.isArray(value)) return value.map((each) => escaped(each, env));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [escapeText(key, env), escaped(each, env)]));
  return value;
}

function escapeText(text: string, env: ReadonlySet<string>): string {
  // Most have neither, and a program of many jobs has very many of them.
  if (!/[$%]/.test(text)) return text;
  const parts = text.split(TOKEN);
  return parts
    .map((part, index) => {
      if (index % 2 === 1) return part;
      const literal = escapeLiteral(part, env);
      // The value of a reference of Terraform's may begin with a brace.
      return index === parts.length - 1 ? literal : literal.replace(/[$%]+$/, quoted);
    })
    .join("");
}

function escapeLiteral(text: string, env: ReadonlySet<string>): string {
  return text.replaceAll(TEMPLATE_START, (run, offset: number) => {
    // Of a doubled one the driver gets the words themselves: that is Nomad's own way to say so.
    if ((run === "$" || run === "$$") && isReference(text.slice(offset + run.length - 1), env)) return run;
    // In a longer run a doubled sigil would be read as half of an escape.
    return run.length === 1 ? run + run : quoted(run);
  });
}

function isReference(text: string, env: ReadonlySet<string>): boolean {
  return REFERENCE.test(text) || env.has(NAME.exec(text)?.[1] ?? "");
}

/** A template that is nothing but this text. */
function quoted(run: string): string {
  return `\${"${run}"}`;
}
