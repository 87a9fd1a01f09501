import { CliError } from "../errors";
import { page } from "../package";
import { terraformValues } from "./values";

/** A Terraform resource of the synthesized JSON with nothing left for Terraform to evaluate. */
export interface LiteralResource {
  readonly type: SupportedType;
  /** The construct's path: `platform/settings`. */
  readonly path: string;
  readonly attributes: Json;
  /** Whether it holds values of Terraform's variables, which are kept in no file. */
  readonly secret: boolean;
}

/** What the stacks of this project emit, attribute by attribute; everything else is refused. */
const SUPPORTED = {
  consul_keys: ["key"],
  consul_config_entry: ["kind", "name", "config_json"],
  consul_node: ["name", "address", "meta"],
  consul_service: ["name", "service_id", "node", "address", "port", "tags", "meta"],
  nomad_job: ["jobspec", "json", "detach", "purge_on_destroy", "deregister_on_destroy", "timeouts"],
  nomad_variable: ["path", "namespace", "items"],
} as const;

type SupportedType = keyof typeof SUPPORTED;

/** Whether a type of resource is one that the stacks of this project emit. */
export function isSupported(type: string): type is SupportedType {
  return type in SUPPORTED;
}

export type Json = Readonly<Record<string, unknown>>;

/** A resource as it is in the JSON. */
interface WrittenResource {
  readonly type: string;
  /** `consul_keys.settings` */
  readonly address: string;
  readonly path: string;
  readonly attributes: Json;
  readonly dependsOn: readonly string[];
}

/**
 * The resources of a stack's `cdk.tf.json`, dependencies first; with the values of Terraform's variables, read as Terraform
 * reads them.
 *
 * @throws CliError with everything that only Terraform's providers could do
 */
export async function literalResources(stack: string, json: Json): Promise<LiteralResource[]> {
  const { resources, problems } = await readResources(json);
  if (problems.length === 0) return resources;
  throw new CliError(
    `stack '${stack}' can't be handed over to its agent without Terraform's providers:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    `fix that, or give Terraform a local mirror of the providers (${page("stacks.md")}); can be handed over: ${Object.keys(SUPPORTED).join(", ")}`,
  );
}

/** {@link literalResources} and, beside them, why the others can't be handed over. */
export async function readResources(json: Json): Promise<{ resources: LiteralResource[]; problems: string[] }> {
  const blocks = Object.keys(json).filter((block) => !BLOCKS.includes(block));
  const problems = blocks.map((block) => `${block}: can't be handed over`);
  const possible: WrittenResource[] = [];
  for (const resource of writtenResources(json)) {
    const wrong = unsupported(resource);
    problems.push(...wrong.map((problem) => `${resource.path} (${resource.type}): ${problem}`));
    if (wrong.length === 0) possible.push(resource);
  }
  const expressions = possible.flatMap((resource) => expressionsOf(resource));
  const templates = [...new Set(expressions.map(({ template }) => template))];
  const evaluated = await terraformValues(json, templates);
  for (const { index, message } of evaluated.problems) {
    const template = index === undefined ? undefined : templates[index];
    const users = expressions.filter((one) => one.template === template).map(({ where }) => `${where}: `);
    problems.push(...(users.length > 0 ? users : [""]).map((where) => `${where}${message}`));
  }
  const literal = new Map<string, LiteralResource>();
  for (const { type, address, path, attributes } of possible) {
    const used = expressionsIn(attributes);
    // One without a value is among the problems.
    if (!used.every((template) => evaluated.values.has(template))) continue;
    const values = templateLiterals(attributes, evaluated.values) as Json;
    literal.set(address, { type: type as SupportedType, path, attributes: values, secret: used.length > 0 });
  }
  return { resources: inOrder(literal, possible), problems };
}

/** Variables and locals have their place in the resources that name them. */
const BLOCKS = ["//", "terraform", "provider", "variable", "locals", "resource"];

function writtenResources(json: Json): WrittenResource[] {
  return Object.entries((json.resource ?? {}) as Record<string, Record<string, Json>>).flatMap(([type, resources]) =>
    Object.entries(resources).map(([id, { "//": notes, depends_on: dependsOn = [], ...attributes }]) => ({
      type,
      address: `${type}.${id}`,
      path: constructPath(notes) ?? `${type}.${id}`,
      attributes,
      dependsOn: dependsOn as string[],
    })),
  );
}

/** cdktf notes it in the JSON; `Default` is the resource inside the construct that the program names. */
function constructPath(notes: unknown): string | undefined {
  const { metadata } = (notes ?? {}) as { metadata?: { path?: string } };
  return metadata?.path?.replace(/\/Default$/, "");
}

function unsupported({ type, attributes }: WrittenResource): string[] {
  if (!(type in SUPPORTED)) return ["this type of resource is unknown"];
  const known: readonly string[] = SUPPORTED[type as SupportedType];
  return Object.keys(attributes)
    .filter((name) => !known.includes(name))
    .map((name) => `'${name}' can't be handed over`);
}

function expressionsOf({ path, type, attributes }: WrittenResource): { template: string; where: string }[] {
  return Object.entries(attributes).flatMap(([name, value]) =>
    expressionsIn(value).map((template) => ({ template, where: `${path} (${type}): '${name}'` })),
  );
}

function inOrder(
  resources: ReadonlyMap<string, LiteralResource>,
  written: readonly WrittenResource[],
): LiteralResource[] {
  const ordered = new Set<LiteralResource>();
  const visit = (address: string): void => {
    const resource = resources.get(address);
    if (resource === undefined || ordered.has(resource)) return;
    for (const dependency of written.find((one) => one.address === address)?.dependsOn ?? []) visit(dependency);
    ordered.add(resource);
  };
  for (const { address } of written) visit(address);
  return [...ordered];
}

/** A quoted literal in an interpolation, as `escapeTemplate` writes a longer run; or any start of a template. */
const TEMPLATE = /\$\{"([$%]+)"\}(?=\{)|[$%]+\{/g;

/**
 * The text that Terraform would make of a literal of the synthesized JSON: the inverse of constructs/private's
 * `escapeTemplate`, in Unicode's composed form as Terraform keeps it.
 *
 * @returns undefined where the text holds a reference or an expression, which only Terraform can evaluate
 */
export function templateLiteral(text: string): string | undefined {
  const starts = [...text.matchAll(TEMPLATE)];
  if (!starts.every(([found, run]) => run !== undefined || ESCAPED.includes(found))) return undefined;
  return text.replace(TEMPLATE, (found, run: string | undefined) => run ?? found.slice(1)).normalize("NFC");
}

/** How a template start of a single character is written where it is none. */
const ESCAPED = ["$${", "%%{"];

/**
 * {@link templateLiteral} for every string in plain JSON.
 *
 * @param values what Terraform made of those that are no literals; each of them has to be there
 */
export function templateLiterals(value: unknown, values: ReadonlyMap<string, unknown> = new Map()): unknown {
  if (typeof value === "string") {
    const literal = templateLiteral(value);
    if (literal !== undefined) return literal;
    if (!values.has(value)) throw new Error(`assumption broken: '${value}' was evaluated`);
    return values.get(value);
  }
  if (Array.isArray(value)) return value.map((one) => templateLiterals(one, values));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      templateLiterals(key, values) as string,
      templateLiterals(inner, values),
    ]),
  );
}

/** Every string in plain JSON that is no literal, keys of objects included. */
function expressionsIn(value: unknown): string[] {
  if (typeof value === "string") return templateLiteral(value) === undefined ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [...expressionsIn(key), ...expressionsIn(inner)]);
}
