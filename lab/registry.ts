import execa from "execa";
import { shortName } from "./container-names";
import type { Container } from "./added-containers";
import { LabError } from "./errors";
import { namespaced } from "./namespace";
import type { LabState } from "./state";

/** Port on the router's addresses where guests find the container registry; plain http. */
export const REGISTRY_PORT = 5000;

/** The command line of the registry: on all of the namespace's addresses, its layers in the lab's folder. */
export function registryCommand(state: LabState, crane: string): string[] {
  return [crane, "registry", "serve", "--address", `:${REGISTRY_PORT}`, "--disk", state.file("registry")];
}

/** Gives images to the running registry; returns all their names in their usual short form. */
export async function pushContainers(
  state: LabState,
  crane: string,
  containers: readonly Container[],
): Promise<string[]> {
  for (const { file, references } of containers) {
    const [first = "", ...others] = references;
    await runCrane(state, ["push", file, inRegistry(first)], crane);
    for (const other of others) await runCrane(state, ["copy", inRegistry(first), inRegistry(other)], crane);
  }
  return containers.flatMap(({ references }) => references.map(shortName));
}

function inRegistry(reference: string): string {
  return `127.0.0.1:${REGISTRY_PORT}/${reference}`;
}

async function runCrane(state: LabState, words: string[], crane: string): Promise<void> {
  const [file = "", ...rest] = namespaced(state, [crane, ...words]);
  const { failed, all = "" } = await execa(file, rest, { all: true, reject: false, stdin: "ignore" });
  if (!failed) return;
  throw new LabError(
    `${words[1] ?? ""} could not be given to the lab's registry: ${all.trim().split("\n").at(-1) ?? ""}`,
    `see ${state.file("registry.log")}`,
  );
}
