import { CliError } from "./errors";
import { TemplateExpression, templateLiterals } from "./template-literal";

/** A Terraform resource of the synthesized JSON with nothing left for Terraform to evaluate. */
export interface LiteralResource {
  readonly type: SupportedType;
  /** `consul_keys.settings` */
  readonly address: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What the stacks of this project emit, attribute by attribute; everything else is refused. */
const SUPPORTED = {
  consul_keys: ["key"],
  consul_config_entry: ["kind", "name", "config_json"],
  consul_node: ["name", "address", "meta"],
  consul_service: ["name", "service_id", "node", "address", "port", "tags", "meta"],
  nomad_job: ["jobspec", "json", "detach", "purge_on_destroy", "deregister_on_destroy", "timeouts"],
} as const;

type SupportedType = keyof typeof SUPPORTED;

type Json = Readonly<Record<string, unknown>>;

/**
 * The resources of a stack's `cdk.tf.json`, dependencies first.
 *
 * @throws CliError with everything that only Terraform and its providers could do
 */
export function literalResources(stack: string, json: Json): LiteralResource[] {
  const { resources, problems } = readResources(json);
  if (problems.length === 0) return resources;
  throw new CliError(
    `stack '${stack}' needs Terraform's providers, which are not to be had here:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    `give Terraform a local mirror of the providers (docs/stacks.md), or use only: ${Object.keys(SUPPORTED).join(", ")}`,
  );
}

/** {@link literalResources} and, beside them, what else the stack holds. */
export function readResources(json: Json): { resources: LiteralResource[]; problems: string[] } {
  const problems = Object.keys(json)
    .filter((block) => !["//", "terraform", "provider", "resource"].includes(block))
    .map((block) => `${block}: can't be handed over`);
  const found = new Map<string, LiteralResource>();
  const dependencies = new Map<string, readonly string[]>();
  for (const [type, resources] of Object.entries((json.resource ?? {}) as Record<string, Record<string, Json>>)) {
    for (const [id, resource] of Object.entries(resources)) {
      const address = `${type}.${id}`;
      dependencies.set(address, (resource.depends_on ?? []) as string[]);
      const attributes = withoutMeta(resource);
      const wrong = isSupported(type) ? attributeProblems(type, attributes) : ["this type of resource is unknown"];
      problems.push(...wrong.map((problem) => `${address}: ${problem}`));
      if (!isSupported(type) || wrong.length > 0) continue;
      found.set(address, { type, address, attributes: templateLiterals(attributes) as Json });
    }
  }
  return { resources: inOrder(found, dependencies), problems };
}

/** cdktf's own notes, and what is used here in another way. */
function withoutMeta(resource: Json): Json {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => name !== "//" && name !== "depends_on"));
}

function isSupported(type: string): type is SupportedType {
  return type in SUPPORTED;
}

function attributeProblems(type: SupportedType, attributes: Json): string[] {
  const known: readonly string[] = SUPPORTED[type];
  return Object.entries(attributes).flatMap(([name, value]) => {
    if (!known.includes(name)) return [`'${name}' can't be handed over`];
    try {
      templateLiterals(value);
      return [];
    } catch (error) {
      if (!(error instanceof TemplateExpression)) throw error;
      return [`'${name}' holds an expression of Terraform: ${error.message.slice(0, 100)}`];
    }
  });
}

function inOrder(
  resources: ReadonlyMap<string, LiteralResource>,
  dependencies: ReadonlyMap<string, readonly string[]>,
): LiteralResource[] {
  const ordered = new Set<LiteralResource>();
  const visit = (address: string): void => {
    const resource = resources.get(address);
    if (resource === undefined || ordered.has(resource)) return;
    for (const dependency of dependencies.get(address) ?? []) visit(dependency);
    ordered.add(resource);
  };
  for (const address of resources.keys()) visit(address);
  return [...ordered];
}
