import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { lab } from "./lab";
import { typed } from "./package";
import { Program } from "./program";

/** Container images that the lab's machines are going to pull. */
export function imagesOf(program: Program, deployments: readonly DeploymentDescription[]): string[] {
  const labs = deployments.filter(({ access }) => access.labDirectory !== undefined);
  const wanted = labs.flatMap(({ stack }) => {
    const { images = [] } = JSON.parse(readFileSync(join(program.stackFolder(stack), "lab.json"), "utf8")) as {
      images?: string[];
    };
    return images;
  });
  return [...new Set(wanted)];
}

/**
 * Fetches the images that the lab does not have yet.
 *
 * @throws CliError where one is not available
 */
export async function fetchImages(names: readonly string[], show: (line: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const name of names) {
    show(name);
    const { exitCode, all = "" } = await lab(["image", "get", name], { all: true, reject: false });
    if (exitCode !== 0) missing.push(all.trim());
  }
  if (missing.length === 0) return;
  throw new CliError(
    missing.join("\n"),
    `bring the image in with \`${typed("lab", "image add NAME FILE")}\`, then run this again`,
  );
}
