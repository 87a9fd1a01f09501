import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import { Program, RunOptions } from "./program";

/** Terraform, or what stands for it: `TERRAFORM_BINARY_NAME=tofu`, which cdktf reads as well. */
export const TERRAFORM = process.env.TERRAFORM_BINARY_NAME ?? "terraform";

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
    running.all?.pipe(createWriteStream(join(folder, log)));
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

/** Why it failed: Terraform's own errors, or the end of the output where there are none. */
export function terraformErrors(output: string): string {
  const lines = output.trimEnd().split("\n");
  const first = lines.findIndex((line) => /^(\S+)?\s+Error: /.test(line));
  if (first < 0) return lines.slice(-30).join("\n");
  const end = lines.findIndex((line, index) => index > first && /Stacks? deploying/.test(line));
  return lines
    .slice(first, end < 0 ? undefined : end)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");
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
