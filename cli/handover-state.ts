import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ProviderDescription } from "../constructs/deployment";
import { ClusterObject } from "./handover-objects";

type Place = Pick<ProviderDescription, "stack" | "stateFolder">;

/**
 * What was handed over to the agents and not removed yet, so that what leaves the program leaves the cluster too. Of what holds
 * secrets only what its removal needs.
 */
export function handedOver(place: Place): ClusterObject[] {
  const file = stateFile(place);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ClusterObject[]) : [];
}

export function rememberHandedOver(place: Place, objects: readonly ClusterObject[]): void {
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

function stateFile({ stateFolder, stack }: Place): string {
  return join(stateFolder, `${stack}.handover.json`);
}
