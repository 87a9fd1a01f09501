import { Agents, ask } from "./agents";

/** What a program has left in Consul and Nomad, without what differs from run to run. */
export interface ClusterContent {
  readonly keys: Readonly<Record<string, string>>;
  readonly configEntries: readonly unknown[];
  /** External nodes with their services. */
  readonly nodes: Readonly<Record<string, unknown>>;
  /** Nomad's, by their paths. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, { running: boolean; job: unknown; submission: unknown }>>;
}

export async function clusterContent({ consul, nomad }: Agents): Promise<ClusterContent> {
  const keys = (await ask<{ Key: string; Value: string }[]>(`${consul}/v1/kv/?recurse`)) ?? [];
  const kinds = ["proxy-defaults", "service-defaults", "service-intentions"];
  const entries = await Promise.all(kinds.map((kind) => ask<object[]>(`${consul}/v1/config/${kind}`)));
  const nodes = (await ask<{ Node: string }[]>(`${consul}/v1/catalog/nodes?filter=Meta["external-node"]==true`)) ?? [];
  const services = await Promise.all(
    nodes.map(async ({ Node: name }) => [name, stable(await ask(`${consul}/v1/catalog/node/${name}`))] as const),
  );
  const variables = (await ask<{ Path: string }[]>(`${nomad}/v1/vars`)) ?? [];
  const items = variables.map(async ({ Path: path }) => {
    const found = await ask<{ Items: unknown }>(`${nomad}/v1/var/${path}`);
    return [path, found?.Items] as const;
  });
  const jobs = (await ask<{ ID: string }[]>(`${nomad}/v1/jobs`)) ?? [];
  return {
    keys: Object.fromEntries(keys.map(({ Key, Value }) => [Key, Buffer.from(Value, "base64").toString()])),
    configEntries: entries.flatMap((found) => found ?? []).map(stable),
    nodes: Object.fromEntries(services),
    variables: Object.fromEntries(await Promise.all(items)),
    jobs: Object.fromEntries(
      await Promise.all(jobs.map(async ({ ID: id }) => [id, await jobContent(nomad, id)])),
    ) as ClusterContent["jobs"],
  };
}

async function jobContent(nomad: string, id: string): Promise<ClusterContent["jobs"][string]> {
  const job = await ask<{ Status: string; Version: number }>(`${nomad}/v1/job/${id}`);
  const submission = await ask(`${nomad}/v1/job/${id}/submission?version=${job?.Version ?? 0}`);
  return { running: job?.Status === "running", job: stable(job), submission: stable(submission) };
}

/** Indexes, times and ids that an agent gives. */
const CHANGING =
  /Index$|^(ID|SubmitTime|CreateTime|ModifyTime|Hash|TaskHash|Status|StatusDescription|Stable|Version|NomadTokenID|LegacyID|LegacyCreateTime|LegacyUpdateTime)$/;

function stable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !CHANGING.test(key))
      .map(([key, inner]) => [key, stable(inner)]),
  );
}
