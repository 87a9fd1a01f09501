import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ProviderDescription } from "../constructs/deployment";
import { ClusterObject } from "./handover-objects";

type Place = Pick<ProviderDescription, "stack" | "stateFolder">;

/** What was handed over to the agents and not removed yet, so that what leaves the program leaves the cluster too. */
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
  mkdirSync(dirname(file), { recursive: true });
  // Written beside and renamed: a crash leaves the old file or the new one.
  writeFileSync(`${file}.new`, `${JSON.stringify(objects, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

function stateFile({ stateFolder, stack }: Place): string {
  return join(stateFolder, `${stack}.handover.json`);
}
