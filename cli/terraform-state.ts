import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

interface Place {
  readonly stateFolder: string;
  readonly stack: string;
}

/** How many resources Terraform's state holds for a stack. */
export function terraformResources(place: Place): number {
  return stateOf(place).length;
}

/** The provider that has made a stack's resources: `consul`; undefined where there are none. */
export function stateProvider(place: Place): string | undefined {
  const [{ provider } = {}] = stateOf(place);
  return provider && /\/([^/"]+)"\]/.exec(provider)?.[1];
}

/** The stacks of which something is in a state folder. */
export function stacksWithState(stateFolder: string): string[] {
  if (!existsSync(stateFolder)) return [];
  const found = readdirSync(stateFolder).flatMap((name) => /^(.+)\.(?:tfstate|handover\.json)$/.exec(name)?.[1] ?? []);
  return [...new Set(found)];
}

/** Removes the state of a stack of which nothing is left; its backup, which still holds everything, as well. */
export function forgetState({ stateFolder, stack }: Place): void {
  for (const name of ["tfstate", "tfstate.backup", "handover.json", "provider.json"])
    rmSync(join(stateFolder, `${stack}.${name}`), { force: true });
}

function stateOf({ stateFolder, stack }: Place): { provider?: string }[] {
  const file = join(stateFolder, `${stack}.tfstate`);
  if (!existsSync(file)) return [];
  return (JSON.parse(readFileSync(file, "utf8")) as { resources?: { provider?: string }[] }).resources ?? [];
}
