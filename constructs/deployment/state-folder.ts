import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { LocalBackend, TerraformBackend, TerraformStack } from "cdktf";
import { addCustomSynthesis } from "cdktf/lib/synthesize/synthesizer";
import { pathFromStack } from "../private/host-path";

/**
 * Keeps Terraform's state of a stack in its state folder, so that it goes with the machines that it is about. A stack that has a
 * Terraform backend already keeps that one. cdktf's own default is a file in the folder where it is run.
 */
export function keepStateIn(folder: string, stack: TerraformStack): void {
  if (stack.node.findAll().some((node) => TerraformBackend.isBackend(node))) return;
  const path = pathFromStack(stack, join(folder, `${stack.node.id}.tfstate`));
  addCustomSynthesis(new LocalBackend(stack, { path }), {
    onSynthesize({ outdir }) {
      forgetOtherSpelling(join(outdir, "stacks", stack.node.id), path);
    },
  });
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
