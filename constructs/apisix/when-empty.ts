import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The name of a file beside a gateway's config.yaml: what APISIX does with a service of which no instance is healthy. */
export const WHEN_EMPTY = "when-empty.lua";

/** That file. */
export function whenEmptyHook(): string {
  return readFileSync(join(__dirname, "node", WHEN_EMPTY), "utf8");
}
