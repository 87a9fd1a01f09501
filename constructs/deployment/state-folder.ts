import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes a folder for states that only its owner can enter: states hold what providers read, values of Nomad variables among it.
 * What Terraform has written in there with other modes is for its owner alone from now on, too.
 */
export function protectStateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const written = readdirSync(folder, { withFileTypes: true });
  for (const entry of written.filter((one) => one.isFile())) chmodSync(join(folder, entry.name), 0o600);
}
