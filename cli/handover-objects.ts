import { CliError } from "./errors";
import { LiteralResource } from "./handover-resources";

/** A thing that Consul or Nomad keeps, known by its kind and its path there. */
export type ClusterObject =
  | {
      readonly kind: "key";
      readonly path: string;
      readonly value: string;
      readonly flags: number;
      readonly keep: boolean;
    }
  | { readonly kind: "config-entry"; readonly path: string; readonly entry: ConfigEntryBody }
  | { readonly kind: "node"; readonly path: string; readonly node: NodeBody }
  | { readonly kind: "service"; readonly path: string; readonly node: string; readonly service: ServiceBody }
  | { readonly kind: "job"; readonly path: string; readonly job: JobBody };

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

/** What `nomad_job` says of a job. */
export interface JobBody {
  /** The job specification as text, as Nomad keeps it beside the job. */
  readonly source: string;
  readonly id: string;
  readonly namespace: string;
  /** Whether `up` goes on without waiting for its deployment. */
  readonly detach: boolean;
  readonly purge: boolean;
  readonly deregister: boolean;
  /** How long its deployment is waited for. */
  readonly timeoutSeconds: number;
}

/** `job:default/web`: equal for two objects that are the same thing in the cluster. */
export function identity({ kind, path }: ClusterObject): string {
  return `${kind}:${path}`;
}

/** What a resource is made of; the providers' own translation, attribute by attribute. */
export function clusterObjects({ type, address, attributes }: LiteralResource): ClusterObject[] {
  switch (type) {
    case "consul_keys":
      return (attributes.key as KeyAttributes[]).map(({ path, value, flags = 0, delete: remove = false }) => ({
        kind: "key",
        path,
        value,
        flags,
        keep: !remove,
      }));
    case "consul_config_entry": {
      const { kind, name, config_json: json } = attributes as Record<string, string>;
      const entry = { ...(JSON.parse(json ?? "{}") as object), Kind: kind ?? "", Name: name ?? "" };
      return [{ kind: "config-entry", path: `${entry.Kind}/${entry.Name}`, entry }];
    }
    case "consul_node": {
      const { name, address: ip, meta = {} } = attributes as unknown as NodeAttributes;
      return [{ kind: "node", path: name, node: { Node: name, Address: ip, NodeMeta: meta } }];
    }
    case "consul_service":
      return [serviceObject(attributes as unknown as ServiceAttributes)];
    case "nomad_job":
      return [jobObject(address, attributes as unknown as JobAttributes)];
  }
}

function serviceObject(attributes: ServiceAttributes): ClusterObject {
  const { node, name, service_id: id = name, address = "", port = 0, tags = [], meta = {} } = attributes;
  // The mark that the provider leaves on every service it registers, so that both ways lead to the same.
  const marked = { "external-source": "terraform", ...meta };
  const service = { ID: id, Service: name, Address: address, Port: port, Tags: tags, Meta: marked };
  return { kind: "service", path: `${node}/${id}`, node, service };
}

function jobObject(address: string, attributes: JobAttributes): ClusterObject {
  const { jobspec, json = false, detach = true, purge_on_destroy: purge = false, timeouts } = attributes;
  if (!json)
    throw new CliError(
      `${address}: a job in HCL can be read by Terraform's provider only`,
      "write it with the job constructs, or give Terraform a local mirror of the provider (docs/stacks.md)",
    );
  const job = parseJob(jobspec);
  const seconds = Math.max(...[timeouts?.create, timeouts?.update].map((time) => durationSeconds(time ?? "5m")));
  return {
    kind: "job",
    path: `${job.namespace}/${job.id}`,
    job: {
      ...job,
      source: jobspec,
      detach,
      purge,
      deregister: attributes.deregister_on_destroy ?? true,
      timeoutSeconds: seconds,
    },
  };
}

/** Identity of a job whose specification is JSON, with or without the root `Job`. */
export function parseJob(jobspec: string): { id: string; namespace: string } {
  const { ID = "", Namespace } = jobOf(jobspec) as { ID?: string; Namespace?: string };
  return { id: ID, namespace: Namespace === undefined || Namespace === "" ? "default" : Namespace };
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

interface JobAttributes {
  readonly jobspec: string;
  readonly json?: boolean;
  readonly detach?: boolean;
  readonly purge_on_destroy?: boolean;
  readonly deregister_on_destroy?: boolean;
  readonly timeouts?: { readonly create?: string; readonly update?: string };
}
