import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import { DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { lab, labMachines } from "./lab";
import { Program } from "./program";
import { TERRAFORM } from "./terraform-run";

/** What no program can do without. */
export async function checkTerraform(): Promise<void> {
  const { exitCode } = await execa(TERRAFORM, ["version"], { reject: false, env: { CHECKPOINT_DISABLE: "1" } });
  if (exitCode === 0) return;
  throw new CliError(
    `${TERRAFORM} is not on the PATH`,
    "install Terraform 1.5 or newer (developer.hashicorp.com/terraform/install), or set TERRAFORM_BINARY_NAME=tofu for OpenTofu; then run this again",
  );
}

/**
 * Debian packages, the base image, and what the lab has to build and serve; and a lab that died with its host is cleared away, so
 * that it can be made anew.
 */
export async function prepareHost(
  program: Program,
  deployments: readonly DeploymentDescription[],
  show: (line: string) => void,
): Promise<void> {
  for (const { access, stateFolder, stack } of deployments) {
    if (access.labDirectory === undefined) continue;
    const preparing = lab(["prepare", join(program.stackFolder(stack), "lab.json")], { all: true, reject: false });
    preparing.all?.on("data", (chunk: Buffer) => {
      for (const line of chunk.toString().trimEnd().split("\n")) show(line);
    });
    const { exitCode, all } = await preparing;
    if (exitCode !== 0) throw new CliError(all?.trim() ?? "the lab can't be prepared", "fix that, then run this again");
    if (existsSync(join(stateFolder, `${stack}.tfstate`))) await reviveLab(access.labDirectory, stateFolder, show);
  }
}

/** Terraform's state may know machines that are not there any more, or that were switched off. */
async function reviveLab(directory: string, stateFolder: string, show: (line: string) => void): Promise<void> {
  const machines = await labMachines(directory);
  if (machines === undefined) {
    show("the last lab is gone (was the host restarted?): starting afresh");
    await lab(["stop", "--dir", directory], { reject: false });
    // What was in its agents is gone with it.
    for (const file of readdirSync(stateFolder).filter((name) => /\.(tfstate|handover\.json)$/.test(name)))
      rmSync(join(stateFolder, file));
    return;
  }
  for (const { name } of machines.filter(({ state: power }) => power === "off")) {
    show(`${name} is off: switching it on`);
    await lab(["power-on", name, "--dir", directory]);
  }
}
