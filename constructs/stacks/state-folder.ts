import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { LocalBackend, TerraformStack } from "cdktf";
import { addCustomSynthesis } from "cdktf/lib/synthesize/synthesizer";
import { pathFromStack } from "../private/host-path";
import { Inventory } from "./inventory";

/** One git-ignored folder holds all state, a subfolder a deployment, so that several can be up side by side. */
export function useStateFolder(stack: TerraformStack, inventory: Pick<Inventory, "name">): string {
  const folder = resolve(process.env.VIPSTACK_STATE ?? ".vipstack", inventory.name);
  const path = pathFromStack(stack, join(folder, `${stack.node.id}.tfstate`));
  addCustomSynthesis(new LocalBackend(stack, { path }), {
    onSynthesize({ outdir }) {
      forgetOtherSpelling(join(outdir, "stacks", stack.node.id), path);
    },
  });
  return folder;
}

/**
 * Terraform remembers beside the JSON where the state is, as text, and refuses another text. Where it is the same file in other
 * words (the JSON of an earlier release held an absolute path), what is remembered goes; the next `init` reads it anew.
 */
function forgetOtherSpelling(stackFolder: string, path: string): void {
  const file = join(stackFolder, ".terraform", "terraform.tfstate");
  if (!existsSync(file)) return;
  const { backend } = JSON.parse(readFileSync(file, "utf8")) as { backend?: { config?: { path?: string | null } } };
  const known = backend?.config?.path;
  if (typeof known === "string" && known !== path && resolve(stackFolder, known) === resolve(stackFolder, path))
    rmSync(file);
}
