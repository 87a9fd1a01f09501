import { realpathSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { App, TerraformStack } from "cdktf";
import { IConstruct } from "constructs";

/**
 * A path of this host as the stack's JSON holds it: relative to the folder that Terraform runs in, so that the same program gives
 * the same JSON in any folder and a project can be moved with its state. Absolute where the output is outside the working directory
 * and outside `VIPSTACK_STATE`, as that of most tests, or the path is.
 */
export function pathFromStack(scope: IConstruct, path: string): string {
  const absolute = resolve(path);
  const output = realOutput(App.of(scope));
  const roots = [process.cwd(), ...(process.env.VIPSTACK_STATE === undefined ? [] : [process.env.VIPSTACK_STATE])];
  if (!roots.map((root) => resolve(root)).some((root) => isBelow(root, output) && isBelow(root, absolute)))
    return absolute;
  return relative(join(output, "stacks", TerraformStack.of(scope).node.id), absolute);
}

/** The output folder without links: `..` leads out of the folder itself. */
export function realOutput(app: App): string {
  return realpathSync(app.outdir);
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
