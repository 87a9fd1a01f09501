import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import { ListrTask } from "listr2";
import { DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { followEvents, LabEvent } from "./lab-events";
import { Program } from "./program";

/** What happened, for the last line that a person reads. */
export interface DeployOutcome {
  changed: boolean;
}

/** `cdktf deploy` for everything, and beside it one task a lab machine, fed by the lab's events. */
export function deployTasks(
  program: Program,
  deployments: readonly DeploymentDescription[],
  outcome: DeployOutcome,
): ListrTask[] {
  const progress = new DeployProgress(deployments);
  const terraform: ListrTask = {
    title: "Terraform",
    task: async (_, task) => {
      const running = program.run("deploy");
      saveLog(deployments, running);
      running.all?.on("data", (chunk: Buffer) => {
        for (const line of telling(chunk.toString())) task.output = line;
      });
      const interrupted = passOnSignals(running);
      const { exitCode, all = "" } = await running;
      outcome.changed = !all.includes("No changes.");
      const failure = exitCode === 0 ? undefined : deployError(interrupted(), progress.failures, all);
      progress.finish();
      if (failure) throw failure;
    },
  };
  const names = deployments
    .filter(({ access }) => access.kind === "lab")
    .flatMap(({ machines }) => machines.map(({ name }) => name));
  return [
    terraform,
    ...names.map((name): ListrTask => ({
      title: name,
      task: (_, task) => progress.of(name, (line) => (task.output = line)),
    })),
  ];
}

/** Hands each machine's events to its task, until the machine is ready or the deployment has ended. */
class DeployProgress {
  readonly failures: string[] = [];
  private readonly listeners = new Map<string, (event: LabEvent) => void>();
  private readonly stops: (() => void)[];
  private readonly ended: Promise<void>;
  private end: () => void = () => undefined;

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

  async of(machine: string, show: (line: string) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.listeners.set(machine, ({ stage, detail = stage }) => {
        show(`${machine}: ${detail.split("\n")[0] ?? ""}`);
        if (stage === "ready") resolve();
      });
      void this.ended.then(resolve);
    });
  }

  finish(): void {
    for (const stop of this.stops) stop();
    this.end();
  }

  private hear(event: LabEvent): void {
    if (event.stage === "failed") this.failures.push(event.detail ?? `${event.machine ?? "the lab"} failed`);
    this.listeners.get(event.machine ?? "")?.(event);
  }
}

function deployError(interrupted: boolean, failures: readonly string[], output: string): CliError {
  const cure = "mend it and run this again, or `npm run down` to remove what was made";
  if (interrupted)
    return new CliError("interrupted", "run this again to go on, or `npm run down` to remove what was made");
  return new CliError(failures.join("\n") || output.trimEnd().split("\n").slice(-30).join("\n"), cure);
}

/** Ctrl-C ends Terraform and the commands it runs in their own way, so that its state stays whole. @returns whether it came */
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

/** cdktf frames Terraform's lines with its own; a person needs what was made, removed or decided. */
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

function saveLog(deployments: readonly DeploymentDescription[], running: execa.ExecaChildProcess): void {
  for (const { stateFolder } of deployments) {
    mkdirSync(stateFolder, { recursive: true });
    running.all?.pipe(createWriteStream(join(stateFolder, "deploy.log")));
  }
}
