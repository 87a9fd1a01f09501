import { ListrTask } from "listr2";
import { DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { followEvents, LabEvent } from "./lab-events";
import { typed } from "./package";
import { Program } from "./program";
import { runTerraform, terraformErrors, TerraformResult } from "./terraform-run";

/** What happened, for the last line of the output. */
export interface DeployOutcome {
  changed: boolean;
}

/** `cdktf deploy` for the machines, and beside it one task a lab machine, fed by the lab's events. */
export function deployTasks(
  program: Program,
  deployments: readonly DeploymentDescription[],
  outcome: DeployOutcome,
): ListrTask[] {
  const progress = new DeployProgress(deployments);
  const terraform: ListrTask = {
    title: "Terraform",
    task: async (_, task) => {
      const stacks = deployments.map(({ stack }) => stack);
      const folders = deployments.map(({ stateFolder }) => stateFolder);
      const result = await runTerraform(program, { stacks }, folders, (line) => (task.output = line));
      outcome.changed ||= result.changed;
      const error = result.ok ? undefined : deployError(result, progress.failures);
      progress.finish(error);
      if (error !== undefined) throw error;
    },
  };
  const names = deployments
    .filter(({ access }) => access.labDirectory !== undefined)
    .flatMap(({ machines }) => machines.map(({ name }) => name));
  return [
    terraform,
    ...names.map((name): ListrTask => ({
      title: name,
      task: async (_, task) => {
        const untouched = await progress.of(name, (line) => (task.output = line));
        if (untouched) task.skip(`${name}: nothing was done`);
      },
    })),
  ];
}

/** Passes each machine's events to its task, until the machine is ready or the deployment has ended. */
class DeployProgress {
  readonly failures: string[] = [];
  private readonly heard = new Set<string>();
  private readonly listeners = new Map<string, (event: LabEvent) => void>();
  private readonly stops: (() => void)[];
  private readonly ended: Promise<CliError | undefined>;
  private end: (error?: CliError) => void = () => undefined;

  constructor(deployments: readonly DeploymentDescription[]) {
    this.ended = new Promise((resolve) => (this.end = resolve));
    const since = new Date();
    const directories = deployments.flatMap(({ access }) => access.labDirectory ?? []);
    this.stops = directories.map((directory) =>
      followEvents(directory, since, (event) => {
        this.hear(event);
      }),
    );
  }

  /**
   * @returns whether nothing was done with the machine
   * @throws the deployment's own error where it has ended before the machine was ready
   */
  async of(machine: string, show: (line: string) => void): Promise<boolean> {
    const ready = new Promise<"ready">((resolve) => {
      this.listeners.set(machine, ({ stage, detail = stage }) => {
        show(`${machine}: ${detail.split("\n")[0] ?? ""}`);
        if (stage === "ready") resolve("ready");
      });
    });
    const end = await Promise.race([ready, this.ended]);
    if (end === "ready") return false;
    if (end !== undefined && this.heard.has(machine)) throw end;
    return !this.heard.has(machine);
  }

  /** @param error why it failed; left out where it did not */
  finish(error?: CliError): void {
    for (const stop of this.stops) stop();
    this.end(error);
  }

  private hear(event: LabEvent): void {
    if (event.stage === "failed") this.failures.push(event.detail ?? `${event.machine ?? "the lab"} failed`);
    this.heard.add(event.machine ?? "");
    this.listeners.get(event.machine ?? "")?.(event);
  }
}

/** Why Terraform ended: errors of the lab's machines where there are any, else its own errors. */
export function deployError({ interrupted, output }: TerraformResult, failures: readonly string[] = []): CliError {
  if (interrupted)
    return new CliError("interrupted", `run this again to go on, or \`${typed("down")}\` to remove what was made`);
  return new CliError(
    failures.join("\n") || terraformErrors(output),
    `fix it and run this again, or \`${typed("down")}\` to remove what was made`,
  );
}
