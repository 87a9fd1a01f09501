import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { lab } from "./lab";
import { Program } from "./program";

/** Container images that the lab's machines are going to pull. */
export function imagesOf(program: Program, deployments: readonly DeploymentDescription[]): string[] {
  const labs = deployments.filter(({ access }) => access.kind === "lab");
  const wanted = labs.flatMap(({ stack }) => {
    const { images = [] } = JSON.parse(readFileSync(join(program.stackFolder(stack), "lab.json"), "utf8")) as {
      images?: string[];
    };
    return images;
  });
  return [...new Set(wanted)];
}

/**
 * Fetches what is missing. Where an image can't be had, the program is synthesized again without it.
 *
 * @returns what to say of it; nothing where all are there
 * @throws CliError where the program can't do without
 */
export async function missingImages(
  program: Program,
  deployments: readonly DeploymentDescription[],
): Promise<string | undefined> {
  const missing: { name: string; why: string }[] = [];
  for (const name of imagesOf(program, deployments)) {
    const { exitCode, all = "" } = await lab(["image", "get", name], { all: true, reject: false });
    if (exitCode !== 0) missing.push({ name, why: all.trim() });
  }
  if (missing.length === 0) return undefined;
  const names = missing.map(({ name }) => name);
  program.withoutImages = names;
  const left = imagesOf(program, await program.synth()).filter((name) => names.includes(name));
  if (left.length > 0)
    throw new CliError(
      missing.map(({ why }) => why).join("\n"),
      "the program can't do without: bring the image in with `npm run lab -- image add`, then run this again",
    );
  return `Without ${names.join(", ")}, which can't be had here: what needs it is left out (npm run lab -- image add NAME FILE brings one in)`;
}
