import execa from "execa";
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ProviderDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { typed } from "./package";
import type { Program, RunOptions } from "./program";
import { terraformErrors } from "./terraform-errors";

/** Terraform, or what stands for it: `TERRAFORM_BINARY_NAME=tofu`, which cdktf reads as well. */
export const TERRAFORM = process.env.TERRAFORM_BINARY_NAME ?? "terraform";

/** What no program can do without. */
export async function checkTerraform(): Promise<void> {
  const { exitCode } = await execa(TERRAFORM, ["version"], { reject: false, env: { CHECKPOINT_DISABLE: "1" } });
  if (exitCode === 0) return;
  throw new CliError(
    `${TERRAFORM} is not on the PATH`,
    "install Terraform 1.5 or newer (developer.hashicorp.com/terraform/install), or set TERRAFORM_BINARY_NAME=tofu for OpenTofu; then run this again",
  );
}

export interface TerraformResult {
  readonly ok: boolean;
  /** Whether Ctrl-C ended it. */
  readonly interrupted: boolean;
  readonly changed: boolean;
  readonly output: string;
}

/** Runs `cdktf deploy`, shows the lines that tell something, and writes everything to a log in each state folder. */
export async function runTerraform(
  program: Program,
  options: RunOptions,
  stateFolders: readonly string[],
  show: (line: string) => void,
  log = "deploy.log",
): Promise<TerraformResult> {
  const running = program.run("deploy", options);
  for (const folder of new Set(stateFolders)) {
    mkdirSync(folder, { recursive: true });
    // Without room for the log the deployment goes on, so that Terraform can write its state.
    const file = createWriteStream(join(folder, log)).on("error", ({ message }) => {
      show(`${log} is not complete: ${message}`);
    });
    running.all?.pipe(file);
  }
  running.all?.on("data", (chunk: Buffer) => {
    for (const line of telling(chunk.toString())) show(line);
  });
  const interrupted = passOnSignals(running);
  const { exitCode, all = "" } = await running;
  // cdktf applies an empty plan, too.
  const changed = /Apply complete! Resources: (?!0 added, 0 changed, 0 destroyed)/.test(all);
  return { ok: exitCode === 0, interrupted: interrupted(), changed, output: all };
}

/** Why it ended: errors of the lab's machines where there are any, else Terraform's own. */
export function deployError({ interrupted, output }: TerraformResult, failures: readonly string[] = []): CliError {
  if (interrupted)
    return new CliError("interrupted", `run this again to go on, or \`${typed("down")}\` to remove what was made`);
  return new CliError(
    failures.join("\n") || terraformErrors(output),
    `fix it and run this again, or \`${typed("down")}\` to remove what was made`,
  );
}

/** On Ctrl-C Terraform and its commands end by themselves, so that its state stays whole. @returns whether it was pressed */
function passOnSignals(running: execa.ExecaChildProcess): () => boolean {
  let interrupted = false;
  const pass = (signal: NodeJS.Signals): void => {
    interrupted = true;
    if (running.pid !== undefined) process.kill(-running.pid, signal);
  };
  process.on("SIGINT", pass).on("SIGTERM", pass);
  void running.finally(() => process.off("SIGINT", pass).off("SIGTERM", pass));
  return () => interrupted;
}

/** cdktf frames Terraform's lines with its own; the user needs what was made, removed or decided. */
function telling(output: string): string[] {
  return output
    .split("\n")
    .flatMap(
      (line) =>
        /(\S+ \(\S+\): (?:Creation|Destruction) complete.*?) \[id|((?:Plan|Apply complete).*)/
          .exec(line)
          ?.slice(1)
          .find(Boolean) ?? [],
    );
}

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
  const inits = stacks.map(async ({ stack }) => {
    const folder = program.stackFolder(stack);
    // Versions are pinned in the JSON; a lock of an earlier run by the other way (registry, mirror) would make it fail.
    rmSync(join(folder, ".terraform.lock.hcl"), { force: true });
    const { exitCode, all = "" } = await execa(TERRAFORM, ["init", "-input=false", "-backend=false", "-no-color"], {
      cwd: folder,
      all: true,
      reject: false,
      env: { CHECKPOINT_DISABLE: "1" },
    });
    return { stack, exitCode, all };
  });
  const done = await Promise.all(inits);
  const failed = done.find(({ exitCode }) => exitCode !== 0);
  return failed === undefined
    ? withProviders(done.map(({ all }) => all).join("\n"))
    : withoutProviders(failed.stack, failed.all);
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

/** @param output of `terraform init`, or `tofu init`, that failed */
export function withoutProviders(stack: string, output: string): ProviderWay {
  const text = output.replace(/[╷│╵]/g, " ").replace(/\s+/g, " ");
  const reason =
    /Error: Failed to (?:query available provider packages|resolve provider packages|install provider) (.*?)(?: To see which modules|$)/.exec(
      text,
    )?.[1];
  if (reason === undefined) throw new CliError(output.trim(), `fix stack '${stack}', then run this again`);
  const short = reason.replace(
    /^Could not (?:retrieve the list of available versions for|resolve) provider (\S+): /,
    "$1: ",
  );
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

/** Where the state of a stack is kept. */
export interface StatePlace {
  readonly stateFolder: string;
  readonly stack: string;
}

/** How many resources Terraform's state holds for a stack. */
export function terraformResources(place: StatePlace): number {
  return stateOf(place).length;
}

/** Machines whose first boot was cut off: Terraform makes them anew. */
export function unfinishedMachines(place: StatePlace): string[] {
  return stateOf(place).flatMap(({ instances = [] }) =>
    instances
      .filter(({ status }) => status === "tainted")
      .flatMap(({ attributes }) => {
        const { hardware = "{}" } = attributes?.triggers_replace?.value ?? {};
        const { name } = JSON.parse(hardware) as { name?: string };
        return name ?? [];
      }),
  );
}

/** The provider that has made a stack's resources: `consul`; undefined where there are none. */
export function stateProvider(place: StatePlace): string | undefined {
  const [{ provider } = {}] = stateOf(place);
  return provider && /\/([^/"]+)"\]/.exec(provider)?.[1];
}

/** The stacks of which something is in a state folder. */
export function stacksWithState(stateFolder: string): string[] {
  if (!existsSync(stateFolder)) return [];
  const found = readdirSync(stateFolder).flatMap((name) => /^(.+)\.(?:tfstate|handover\.json)$/.exec(name)?.[1] ?? []);
  return [...new Set(found)];
}

/** Removes the state of a stack of which nothing is left; its backup, which still holds everything, as well. */
export function forgetState({ stateFolder, stack }: StatePlace): void {
  for (const name of ["tfstate", "tfstate.backup", "handover.json", "provider.json"])
    rmSync(join(stateFolder, `${stack}.${name}`), { force: true });
}

/** A resource in Terraform's state file, as far as it is read here. */
interface StateResource {
  readonly provider?: string;
  readonly instances?: readonly {
    readonly status?: string;
    readonly attributes?: { readonly triggers_replace?: { readonly value?: { readonly hardware?: string } } };
  }[];
}

function stateOf({ stateFolder, stack }: StatePlace): readonly StateResource[] {
  const file = join(stateFolder, `${stack}.tfstate`);
  if (!existsSync(file)) return [];
  return (JSON.parse(readFileSync(file, "utf8")) as { resources?: StateResource[] }).resources ?? [];
}
