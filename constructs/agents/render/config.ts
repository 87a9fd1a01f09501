/**
 * The body of a block: a list or a plain value becomes an argument, an object a block of its own. What is undefined is left out.
 * A label is part of the name: `plugin "docker"`.
 */
export interface ConfigBody {
  readonly [name: string]: ConfigValue | ConfigBody | undefined;
}
export type ConfigValue = string | number | boolean | readonly string[];

/**
 * An agent's configuration as HCL, in the order of its keys.
 *
 * @param heading comment above it, one line an item
 * @see https://github.com/hashicorp/hcl/tree/hcl1
 */
export function renderConfig(heading: readonly string[], body: ConfigBody): string {
  return [...heading.map((line) => `# ${line}\n`), ...lines(body, "").map((line) => `${line}\n`)].join("");
}

function lines(body: ConfigBody, indent: string): string[] {
  return Object.entries(body).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (!isBody(value)) return [`${indent}${keyText(name)} = ${valueText(value)}`];
    return [`${indent}${keyText(name)} {`, ...lines(value, `${indent}  `), `${indent}}`];
  });
}

function isBody(value: ConfigValue | ConfigBody): value is ConfigBody {
  return typeof value === "object" && !Array.isArray(value);
}

/** Names of the user's own (metadata) may hold anything; those of the tools, with or without a label, stay as they are. */
function keyText(name: string): string {
  return /^[A-Za-z_][\w-]*( "[^"]*")?$/.test(name) ? name : JSON.stringify(name);
}

function valueText(value: ConfigValue): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? JSON.stringify(value)
    : `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
}
