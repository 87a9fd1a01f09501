import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ProviderDescription } from "../../constructs/deployment";
import { AgentApi } from "../agent-api";
import { CliError } from "../errors";
import { page, typed, wordsOf } from "../package";
import { StatePlace, terraformResources } from "../terraform";
import { consulHas, removeFromConsul, writeToConsul } from "./consul";
import { nomadHas, NomadObject, removeFromNomad, writeToNomad } from "./nomad";
import { ClusterObject, clusterObjects, identity } from "./objects";
import { Json, literalResources, readResources } from "./resources";

/**
 * Refuses what only Terraform's providers could do, before anything is made.
 *
 * @param example which the program is, for the commands that are told
 * @throws CliError
 */
export async function checkHandover(stack: ProviderDescription, json: Json, example?: string): Promise<void> {
  (await literalResources(stack.stack, json)).forEach(clusterObjects);
  const resources = terraformResources(stack);
  if (resources === 0) return;
  const words = wordsOf(example);
  // Two owners would undo each other's work.
  throw new CliError(
    `Terraform has made ${resources} resources of stack '${stack.stack}', and no longer has providers to manage them`,
    `give it its providers back (${page("stacks.md")}), or \`${typed("down", ...words)}\` and \`${typed("up", ...words)}\``,
  );
}

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

/** Terraform has its providers (again), so the stack is its own: of what was handed over, what left the program is removed. */
export async function leaveToTerraform(
  stack: ProviderDescription,
  json: Json,
  show: (line: string) => void,
): Promise<void> {
  const before = handedOver(stack);
  if (before.length === 0) return;
  const { resources } = await readResources(json);
  const wanted = new Set(resources.flatMap(clusterObjects).map(identity));
  const gone = before.filter((object) => !wanted.has(identity(object)));
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

/**
 * What was handed over to the agents and not removed yet, so that what leaves the program leaves the cluster too. Of what holds
 * secrets only what its removal needs.
 */
export function handedOver(place: StatePlace): ClusterObject[] {
  const file = stateFile(place);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ClusterObject[]) : [];
}

function rememberHandedOver(place: StatePlace, objects: readonly ClusterObject[]): void {
  const file = stateFile(place);
  if (objects.length === 0) {
    rmSync(file, { force: true });
    return;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Written beside and renamed: a crash leaves the old file or the new one.
  writeFileSync(`${file}.new`, `${JSON.stringify(objects.map(withoutSecrets), null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function withoutSecrets(object: ClusterObject): ClusterObject {
  if (!object.secret) return object;
  switch (object.kind) {
    case "key":
      return { ...object, value: "" };
    case "config-entry":
      return { ...object, entry: { Kind: object.entry.Kind, Name: object.entry.Name } };
    case "node":
      return { ...object, node: { ...object.node, Address: "", NodeMeta: {} } };
    case "service":
      return { ...object, service: { ...object.service, Address: "", Port: 0, Tags: [], Meta: {} } };
    case "job":
      return { ...object, job: { ...object.job, source: "" } };
    case "variable":
      return { ...object, variable: { ...object.variable, Items: {} } };
  }
}

function stateFile({ stateFolder, stack }: StatePlace): string {
  return join(stateFolder, `${stack}.handover.json`);
}
