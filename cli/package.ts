import { existsSync } from "node:fs";
import { join, relative } from "node:path";

/** The folder of this package: the checkout, or `node_modules/vipstack` of an app. */
export const PACKAGE_FOLDER = existsSync(join(__dirname, "..", "package.json"))
  ? join(__dirname, "..")
  : join(__dirname, "..", "..");

/** What the user types for a command: `npm run down` in the checkout, `npx vipstack down` in an app of their own. */
export function typed(
  command: "up" | "plan" | "down" | "lab" | "ssh" | "status" | "view" | "secrets",
  ...words: readonly string[]
): string {
  if (process.cwd() !== PACKAGE_FOLDER || !BUILDS.includes(command))
    return ["npx vipstack", command, ...words].join(" ");
  return [`npm run ${command}`, ...(words.length === 0 ? [] : ["--", ...words])].join(" ");
}

/** The last words of a command about the program in a folder of `examples/`; none about that of `cdktf.json`. */
export function wordsOf(example: string | undefined): string[] {
  return example === undefined ? [] : [example];
}

/** The commands that build the checkout first; the others are about what such a one has brought up. */
const BUILDS: readonly string[] = ["up", "plan", "down", "lab"];

/** A page of the documentation, as a path from where the user is: `docs/stacks.md`. */
export function page(name: string): string {
  return relative(process.cwd(), join(PACKAGE_FOLDER, "docs", name));
}
