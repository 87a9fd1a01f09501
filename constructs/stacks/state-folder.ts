import { join, resolve } from "node:path";
import { LocalBackend, TerraformStack } from "cdktf";
import { Inventory } from "./inventory";

/** One git-ignored folder holds all state, a subfolder a deployment, so that several can be up side by side. */
export function useStateFolder(stack: TerraformStack, inventory: Pick<Inventory, "name">): string {
  const folder = resolve(process.env.VIPSTACK_STATE ?? ".vipstack", inventory.name);
  new LocalBackend(stack, { path: join(folder, `${stack.node.id}.tfstate`) });
  return folder;
}
