import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { App, TerraformStack } from "cdktf";
import { realOutput } from "../private/host-path";

/** A value of plain JSON with the paths and sums of this host replaced by words, in every text of it. */
export function withoutThisHost(value: unknown, app: App, stack: TerraformStack): unknown {
  const folder = join(realOutput(app), "stacks", stack.node.id);
  const words = pathWords(app);
  const masked = (text: string): string =>
    words.reduce((now, [path, word]) => now.replaceAll(path, word), absolute(text, folder));
  return mapTexts(value, masked);
}

/** Longer paths first: one can be inside another. */
function pathWords(app: App): [string, string][] {
  const words: [string, string][] = [
    [join(__dirname, "..", "..", "lab", "vipstack-lab.js"), "<vipstack>/lab/vipstack-lab.js"],
    [resolve(process.env.VIPSTACK_STATE ?? ".vipstack"), "<state>"],
    [realOutput(app), "<output>"],
    [resolve(app.outdir), "<output>"],
    [process.cwd(), "<project>"],
    [homedir(), "<home>"],
  ];
  // A home or a working directory of `/` is in every path.
  return words.filter(([path]) => path.length > 1).sort(([a], [b]) => b.length - a.length);
}

/** A path that starts where Terraform runs, as the same one from the root; Terraform's own spelling of it as well. */
function absolute(text: string, folder: string): string {
  const plain = text.replace(/^\$\{abspath\("([^"]+)"\)\}$/, "$1");
  return plain.startsWith("../") ? resolve(folder, plain) : plain;
}

/** `boot` is the sum of a machine's boot content, which is in its user-data. */
function mapTexts(value: unknown, change: (text: string) => string, key?: string): unknown {
  if (typeof value === "string") return key === "boot" && /^[0-9a-f]{64}$/.test(value) ? "<sum>" : change(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mapTexts(inner, change, name)]));
}
