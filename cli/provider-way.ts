import { rmSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import { ProviderDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { Program } from "./program";
import { TERRAFORM } from "./terraform-run";

/** How Consul objects and Nomad jobs get to their agents. */
export interface ProviderWay {
  readonly by: "terraform" | "handover";
  /** Where the providers come from a local mirror: the registry isn't asked for checksums either. */
  readonly skipProviderLock: boolean;
  /** One line for the user: which way, and why. */
  readonly reason: string;
}

/**
 * Finds out whether Terraform can have the providers of these stacks, by letting it fetch them in the stacks' own folders:
 * nothing is downloaded twice, and where neither registry nor mirror is available, it fails within a tenth of a second.
 */
export async function findProviderWay(program: Program, stacks: readonly ProviderDescription[]): Promise<ProviderWay> {
  const outputs: string[] = [];
  for (const { stack } of stacks) {
    const folder = program.stackFolder(stack);
    // Versions are pinned in the JSON; a lock of an earlier run by the other way (registry, mirror) would make it fail.
    rmSync(join(folder, ".terraform.lock.hcl"), { force: true });
    const { exitCode, all = "" } = await execa(TERRAFORM, ["init", "-input=false", "-backend=false", "-no-color"], {
      cwd: folder,
      all: true,
      reject: false,
      env: { CHECKPOINT_DISABLE: "1" },
    });
    if (exitCode !== 0) return withoutProviders(stack, all);
    outputs.push(all);
  }
  return withProviders(outputs.join("\n"));
}

/** @param output of a successful `terraform init` */
export function withProviders(output: string): ProviderWay {
  // What comes from a registry is signed; a file in a folder is not.
  const mirrored = output.includes("(unauthenticated)");
  return {
    by: "terraform",
    skipProviderLock: mirrored,
    reason: mirrored
      ? "Terraform's providers come from a local mirror"
      : "Terraform's providers come from the registry",
  };
}

/** @param output of `terraform init` that failed */
export function withoutProviders(stack: string, output: string): ProviderWay {
  const text = output.replace(/[╷│╵]/g, " ").replace(/\s+/g, " ");
  const reason =
    /Error: Failed to (?:query available provider packages|install provider) (.*?)(?: To see which modules|$)/.exec(
      text,
    )?.[1];
  if (reason === undefined) throw new CliError(output.trim(), `see to stack '${stack}', then run this again`);
  const short = reason.replace(/^Could not retrieve the list of available versions for provider (\S+): /, "$1: ");
  return {
    by: "handover",
    skipProviderLock: false,
    reason: `handed to the agents without Terraform, which has no providers here (${shortened(short.trim())})`,
  };
}

/** The first and the last part of a chain of errors: what was asked for, and what it met. */
function shortened(chain: string): string {
  const parts = chain.split(": ");
  return parts.length <= 3 ? chain : `${parts.slice(0, 2).join(": ")}: ${parts.at(-1) ?? ""}`;
}
