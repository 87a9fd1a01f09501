import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { DeploymentDescription } from "../../constructs/deployment";
import type { Synthesis } from "../synthesis";
import type { TextChange } from "./change";

type Place = Pick<DeploymentDescription, "stack" | "stateFolder">;

/** What a machine was made of, kept beside the state: Terraform's state holds only a hash of it. */
interface Kept {
  /** The hash in Terraform's state. */
  readonly boot: string;
  readonly userData: string;
}

/** Keeps the user-data of machines that were just deployed, for the next plan. */
export function keepBootContent(program: Synthesis, { stack, stateFolder }: Place): void {
  const folder = join(stateFolder, "deployed");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const { id, name, boot } of machineResources(program, stack)) {
    const file = userDataFile(program, stack, name);
    if (!existsSync(file)) continue;
    const kept: Kept = { boot, userData: readFileSync(file, "utf8") };
    writeFileSync(join(folder, `${id}.json`), JSON.stringify(kept), { mode: 0o600 });
  }
}

/**
 * What changes in the boot content of a machine; empty if the content before is not known.
 *
 * @param id the machine's logical id
 * @param hash of the content before, in Terraform's state
 */
export function bootChanges(program: Synthesis, place: Place, id: string, hash: string): readonly TextChange[] {
  const kept = join(place.stateFolder, "deployed", `${id}.json`);
  const machine = machineResources(program, place.stack).find((one) => one.id === id);
  if (machine === undefined || !existsSync(kept)) return [];
  const { boot, userData } = JSON.parse(readFileSync(kept, "utf8")) as Kept;
  if (boot !== hash) return [];
  return compareUserData(userData, readFileSync(userDataFile(program, place.stack, machine.name), "utf8"));
}

/** The machines in a stack's JSON: logical id, host name, hash of the boot content. */
export function machineResources(program: Synthesis, stack: string): { id: string; name: string; boot: string }[] {
  const { resource } = program.stackJson(stack) as { resource?: { terraform_data?: Record<string, ResourceJson> } };
  return Object.entries(resource?.terraform_data ?? {}).flatMap(([id, json]) => {
    const { boot, hardware = "{}" } = json.triggers_replace;
    if (boot === undefined) return [];
    const construct = json["//"].metadata.path.split("/").at(-2) ?? id;
    return [{ id, name: (JSON.parse(hardware) as { name?: string }).name ?? construct, boot }];
  });
}

/** The files, and the other parts by their cloud-init keys, that differ between two user-data. */
export function compareUserData(before: string, after: string): TextChange[] {
  const [old, now] = [partsOf(before), partsOf(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((name) => old[name] !== now[name])
    .map((name) => ({
      name,
      ...(name in old && { before: old[name] }),
      ...(name in now && { after: now[name] }),
    }));
}

function partsOf(userData: string): Record<string, string> {
  const { write_files = [], ...keys } = parse(userData) as { write_files?: WrittenFile[] } & Record<string, unknown>;
  return Object.fromEntries([
    ...write_files.map(({ path, content = "" }): [string, string] => [path, content]),
    ...Object.entries(keys).map(([key, value]): [string, string] => [key, stringify(value, { lineWidth: 0 })]),
  ]);
}

interface WrittenFile {
  readonly path: string;
  readonly content?: string;
}

function userDataFile(program: Synthesis, stack: string, machine: string): string {
  return join(program.stackFolder(stack), "machines", machine, "user-data");
}

interface ResourceJson {
  readonly "//": { readonly metadata: { readonly path: string } };
  readonly triggers_replace: Readonly<Record<string, string>>;
}
