import { resolve } from "node:path";
import { Inventory } from "./inventory";

/** One git-ignored folder holds all state, a subfolder a deployment, so that several can be up side by side. */
export function stateFolderOf({ name }: Pick<Inventory, "name">): string {
  return resolve(process.env.VIPSTACK_STATE ?? ".vipstack", name);
}
