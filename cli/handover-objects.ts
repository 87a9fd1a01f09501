import { CliError } from "./errors";
import { LiteralResource } from "./handover-resources";
import { page } from "./package";

/** A thing that Consul or Nomad keeps, known by its kind and its path there. */
export type ClusterObject = {
  readonly path: string;
  /** Whether it holds values of Terraform's variables. */
  readonly secret: boolean;
} & (
  | { readonly kind: "key"; readonly value: string; readonly flags: number; readonly keep: boolean }
  | { readonly kind: "config-entry"; readonly entry: ConfigEntryBody }
  | { readonly kind: "node"; readonly node: NodeBody }
  | { readonly kind: "service"; readonly node: string; readonly service: ServiceBody }
  | { readonly kind: "job"; readonly job: JobBody }
  | { readonly kind: "variable"; readonly variable: VariableBody }
);

export type ObjectOf<Kind extends ClusterObject["kind"]> = Extract<ClusterObject, { kind: Kind }>;

interface ConfigEntryBody {
  readonly Kind: string;
  readonly Name: string;
}

interface NodeBody {
  readonly Node: string;
  readonly Address: string;
  readonly NodeMeta: Readonly<Record<string, string>>;
}

interface ServiceBody {
  readonly ID: string;
  readonly Service: string;
  readonly Address: string;
  readonly Port: number;
  readonly Tags: readonly string[];
  readonly Meta: Readonly<Record<string, string>>;
}

/** A Nomad variable: named values that jobs may read. */
export interface VariableBody {
  readonly Path: string;
  readonly Namespace: string;
  readonly Items: Readonly<Record<string, string>>;
}

/** The arguments of `nomad_job`. */
export interface JobBody {
  /** The job specification as text, as Nomad keeps it beside the job. */
  readonly source: string;
  readonly id: string;
  readonly namespace: string;
  /** Whether `up` goes on without waiting for its deployment. */
  readonly detach: boolean;
  readonly purge: boolean;
  readonly deregister: boolean;
  /** How long its deployment is waited for, of a new job and of a change. */
  readonly createSeconds: number;
  readonly updateSeconds: number;
}

/** `job:default/web`: equal for two objects that are the same thing in the cluster. */
export function identity({ kind, path }: ClusterObject): string {
  return `${kind}:${path}`;
}

/** What a resource is made of; the providers' own translation, attribute by attribute. */
export function clusterObjects({ type, path: construct, attributes, secret }: LiteralResource): ClusterObject[] {
  switch (type) {
    case "consul_keys":
      return (attributes.key as KeyAttributes[]).map(({ path, value, flags = 0, delete: remove = false }) => ({
        kind: "key",
        path,
        value,
        flags,
        keep: !remove,
        secret,
      }));
    case "consul_config_entry": {
      const { kind, name, config_json: json } = attributes as Record<string, string>;
      const entry = { ...(JSON.parse(json ?? "{}") as object), Kind: kind ?? "", Name: name ?? "" };
      return [{ kind: "config-entry", path: `${entry.Kind}/${entry.Name}`, entry, secret }];
    }
    case "consul_node": {
      const { name, address: ip, meta = {} } = attributes as unknown as NodeAttributes;
      return [{ kind: "node", path: name, node: { Node: name, Address: ip, NodeMeta: meta }, secret }];
    }
    case "consul_service":
      return [serviceObject(attributes as unknown as ServiceAttributes, secret)];
    case "nomad_job":
      return [jobObject(construct, attributes as unknown as JobAttributes, secret)];
    case "nomad_variable": {
      const { path: Path, namespace: Namespace = "default", items } = attributes as unknown as VariableAttributes;
      const Items = Object.fromEntries(Object.entries(items).map(([name, value]) => [name, String(value)]));
      // Secret even where its values are in the program: that is what Nomad has it for.
      return [{ kind: "variable", path: `${Namespace}/${Path}`, variable: { Path, Namespace, Items }, secret: true }];
    }
  }
}

function serviceObject(attributes: ServiceAttributes, secret: boolean): ClusterObject {
  const { node, name, service_id: id = name, address = "", port = 0, tags = [], meta = {} } = attributes;
  // The mark that the provider leaves on every service it registers, so that both ways lead to the same.
  const marked = { "external-source": "terraform", ...meta };
  const service = { ID: id, Service: name, Address: address, Port: port, Tags: tags, Meta: marked };
  return { kind: "service", path: `${node}/${id}`, node, service, secret };
}

function jobObject(construct: string, attributes: JobAttributes, secret: boolean): ClusterObject {
  const { jobspec, json = false, detach = true, purge_on_destroy: purge = false, timeouts } = attributes;
  if (!json)
    throw new CliError(
      `${construct} (nomad_job): 'jobspec' is HCL, which only Terraform's provider can read`,
      `write it with the job constructs, or give Terraform a local mirror of the provider (${page("stacks.md")})`,
    );
  const job = parseJob(jobspec);
  return {
    kind: "job",
    path: `${job.namespace}/${job.id}`,
    secret,
    job: {
      ...job,
      source: jobspec,
      detach,
      purge,
      deregister: attributes.deregister_on_destroy ?? true,
      createSeconds: durationSeconds(timeouts?.create ?? "5m"),
      updateSeconds: durationSeconds(timeouts?.update ?? "5m"),
    },
  };
}

/** Identity of a job whose specification is JSON, with or without the root `Job`. */
export function parseJob(jobspec: string): { id: string; namespace: string } {
  const { ID = "", Namespace } = jobOf(jobspec) as { ID?: string; Namespace?: string };
  return { id: ID, namespace: Namespace === undefined || Namespace === "" ? "default" : Namespace };
}

/** Whether one instance runs on every client; Nomad has no deployments for such a job. */
export function isSystemJob(jobspec: string): boolean {
  return (jobOf(jobspec) as { Type?: string }).Type === "system";
}

/** The job itself. */
export function jobOf(jobspec: string): object {
  const parsed = JSON.parse(jobspec) as { Job?: object };
  return parsed.Job ?? parsed;
}

/** Go's notation of durations: `1h30m`, `90s`. */
function durationSeconds(text: string): number {
  const units: Record<string, number> = { h: 3600, m: 60, s: 1 };
  return [...text.matchAll(/([0-9.]+)(h|m|s)/g)].reduce(
    (sum, [, amount = "0", unit = "s"]) => sum + Number(amount) * (units[unit] ?? 0),
    0,
  );
}

interface KeyAttributes {
  readonly path: string;
  readonly value: string;
  readonly flags?: number;
  readonly delete?: boolean;
}

interface NodeAttributes {
  readonly name: string;
  readonly address: string;
  readonly meta?: Record<string, string>;
}

interface ServiceAttributes {
  readonly name: string;
  readonly service_id?: string;
  readonly node: string;
  readonly address?: string;
  readonly port?: number;
  readonly tags?: string[];
  readonly meta?: Record<string, string>;
}

interface VariableAttributes {
  readonly path: string;
  readonly namespace?: string;
  readonly items: Readonly<Record<string, unknown>>;
}

interface JobAttributes {
  readonly jobspec: string;
  readonly json?: boolean;
  readonly detach?: boolean;
  readonly purge_on_destroy?: boolean;
  readonly deregister_on_destroy?: boolean;
  readonly timeouts?: { readonly create?: string; readonly update?: string };
}
