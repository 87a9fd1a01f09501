import { isDeepStrictEqual } from "node:util";
import { ProviderDescription } from "../constructs/deployment";
import { AgentApi } from "./agent-api";
import { consulHas, removeFromConsul, writeToConsul } from "./handover-consul";
import { nomadHas, NomadObject, removeFromNomad, writeToNomad } from "./handover-nomad";
import { ClusterObject, clusterObjects, identity } from "./handover-objects";
import { Json, literalResources, readResources } from "./handover-resources";
import { handedOver, rememberHandedOver } from "./handover-state";

/**
 * Sends the objects of a stack's synthesized JSON to the agents' own interfaces, where Terraform has no providers. Written is
 * only what differs; removed is what an earlier run has brought and the program has no more.
 *
 * @returns whether anything was changed
 * @throws CliError for all that only Terraform could do, before anything is touched
 */
export async function handOver(stack: ProviderDescription, json: Json, show: (line: string) => void): Promise<boolean> {
  const wanted = (await literalResources(stack.stack, json)).flatMap(clusterObjects);
  const before = handedOver(stack);
  // While it works, both are remembered: what a run that fails has brought must be found again.
  const kept = new Map([...before, ...wanted].map((object) => [identity(object), object]));
  const agent = AgentApi.of(stack);
  let changed = false;
  for (const object of wanted) {
    const last = before.find((one) => identity(one) === identity(object));
    // Of a secret nothing is remembered that could be compared.
    const asBefore = object.secret ? last !== undefined : isDeepStrictEqual(last, object);
    if (asBefore && (await isThere(agent, object))) continue;
    show(identity(object));
    rememberHandedOver(stack, [...kept.values()]);
    await write(agent, object, show);
    changed = true;
  }
  const left = new Set(wanted.map(identity));
  const gone = before.filter((object) => !left.has(identity(object)));
  await remove(stack, agent, gone, show);
  rememberHandedOver(stack, wanted);
  return changed || gone.length > 0;
}

/** Removes everything that was handed over for a stack. @returns whether there was anything */
export async function takeBack(stack: ProviderDescription, show: (line: string) => void): Promise<boolean> {
  const objects = handedOver(stack);
  await remove(stack, AgentApi.of(stack), objects, show);
  rememberHandedOver(stack, []);
  return objects.length > 0;
}

/** Terraform has the stack now: what was handed over and left the program since is removed, the rest is Terraform's. */
export async function leaveToTerraform(
  stack: ProviderDescription,
  json: Json,
  show: (line: string) => void,
): Promise<void> {
  const { resources } = await readResources(json);
  const wanted = new Set(resources.flatMap(clusterObjects).map(identity));
  const gone = handedOver(stack).filter((object) => !wanted.has(identity(object)));
  await remove(stack, AgentApi.of(stack), gone, show);
  rememberHandedOver(stack, []);
}

/** The last one first: a service before its node. */
async function remove(
  stack: ProviderDescription,
  agent: AgentApi,
  objects: readonly ClusterObject[],
  show: (line: string) => void,
): Promise<void> {
  for (const object of [...objects].reverse()) {
    show(`removing ${identity(object)}`);
    if (isNomads(object)) await removeFromNomad(agent, object);
    else await removeFromConsul(agent, object);
    rememberHandedOver(
      stack,
      handedOver(stack).filter((one) => identity(one) !== identity(object)),
    );
  }
}

function isThere(agent: AgentApi, object: ClusterObject): Promise<boolean> {
  return isNomads(object) ? nomadHas(agent, object) : consulHas(agent, object);
}

async function write(agent: AgentApi, object: ClusterObject, show: (line: string) => void): Promise<void> {
  await (isNomads(object) ? writeToNomad(agent, object, show) : writeToConsul(agent, object));
}

function isNomads(object: ClusterObject): object is NomadObject {
  return object.kind === "job" || object.kind === "variable";
}
