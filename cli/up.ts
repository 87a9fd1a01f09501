import { createWriteStream, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import { Listr, ListrTask } from "listr2";
import { DeploymentDescription } from "../constructs/deployment";
import { runOn } from "./access";
import { CliError } from "./errors";
import { followEvents, LabEvent } from "./lab-events";
import { lab, labMachines } from "./lab";
import { PROGRESS } from "./progress";
import { Program } from "./program";
import { report } from "./report";

interface Context {
  deployments: DeploymentDescription[];
  changed: boolean;
}

/** Checks, then `cdktf deploy`, then waits until every service answers; shows what it does all the way. */
export async function up(example?: string): Promise<void> {
  const started = Date.now();
  const program = new Program(example);
  const context: Context = { deployments: [], changed: false };
  const tasks = new Listr<Context, "default", "verbose">(
    [
      { title: "Terraform is there", task: checkTerraform },
      {
        title: "Synthesize the program",
        task: async (ctx) => {
          ctx.deployments = await program.synth();
        },
      },
      {
        title: "Prepare this host",
        enabled: (ctx) => ctx.deployments.some(isLab),
        task: (_, task) => prepareHost(context, (line) => (task.output = line)),
      },
      {
        title: "cdktf deploy",
        task: (ctx, task) => task.newListr(deployTasks(program, ctx), { concurrent: true }),
      },
      { title: "Every service answers", task: (ctx, task) => waitForServices(ctx, (line) => (task.output = line)) },
    ],
    PROGRESS,
  );
  await tasks.run(context);
  for (const deployment of context.deployments) console.log(`\n${await report(deployment, example)}`);
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(
    context.changed ? `\nUp after ${seconds} s.` : `\nNothing to change: everything was up already (${seconds} s).`,
  );
}

async function checkTerraform(): Promise<void> {
  const { exitCode } = await execa("terraform", ["version"], { reject: false, env: { CHECKPOINT_DISABLE: "1" } });
  if (exitCode !== 0) {
    throw new CliError(
      "terraform is not on the PATH",
      "install Terraform 1.5 or newer (developer.hashicorp.com/terraform/install), then run this again",
    );
  }
}

/** Debian packages and the base image; and a lab that died with its host is cleared away, so that it can be made anew. */
async function prepareHost({ deployments }: Context, show: (line: string) => void): Promise<void> {
  const preparing = lab(["prepare"], { all: true, reject: false });
  preparing.all?.on("data", (chunk: Buffer) => show(lastLine(chunk.toString())));
  const result = await preparing;
  if (result.exitCode !== 0)
    throw new CliError(result.all?.trim() ?? "the lab could not be prepared", "mend that, then run this again");
  for (const { access, stateFolder, stack } of deployments) {
    const state = join(stateFolder, `${stack}.tfstate`);
    const directory = access.labDirectory ?? "";
    if (!existsSync(state)) continue;
    const machines = await labMachines(directory);
    if (machines === undefined) {
      show("the last lab is gone (the host was restarted?): starting afresh");
      await lab(["stop", "--dir", directory], { reject: false });
      rmSync(state);
      continue;
    }
    for (const { name } of machines.filter((machine) => machine.state === "off"))
      await lab(["power-on", name, "--dir", directory]);
  }
}

/** One task a machine, fed by the lab's events, beside the one that runs `cdktf deploy` for all of them. */
function deployTasks(program: Program, context: Context): ListrTask<Context>[] {
  const listeners = new Map<string, (event: LabEvent) => void>();
  let finish: (failure?: Error) => void = () => undefined;
  const finished = new Promise<Error | undefined>((resolve) => (finish = resolve));
  const failures: string[] = [];

  const deploy: ListrTask<Context> = {
    title: "Terraform",
    task: async (ctx, task) => {
      const since = new Date();
      const stops = ctx.deployments.flatMap(({ access }) =>
        access.labDirectory === undefined
          ? []
          : [
              followEvents(access.labDirectory, since, (event) => {
                listeners.get(event.machine ?? "")?.(event);
                if (event.stage === "failed") failures.push(`${event.machine ?? "the lab"}: ${event.detail ?? ""}`);
              }),
            ],
      );
      const running = program.run("deploy");
      saveLog(ctx.deployments, running);
      running.all?.on("data", (chunk: Buffer) => (task.output = lastLine(chunk.toString())));
      const { exitCode, all = "" } = await running;
      for (const stop of stops) stop();
      ctx.changed = !/No changes\./.test(all);
      const failure =
        exitCode === 0
          ? undefined
          : new CliError(
              failures.join("\n") || tail(all),
              "npm run down removes what was made; or mend it and run this again",
            );
      finish(failure);
      if (failure) throw failure;
    },
  };
  const machines = context.deployments.filter(isLab).flatMap(({ machines: all }) => all);
  return [deploy, ...machines.map(({ name }) => machineTask(name, listeners, finished))];
}

function machineTask(
  name: string,
  listeners: Map<string, (event: LabEvent) => void>,
  finished: Promise<unknown>,
): ListrTask<Context> {
  return {
    title: name,
    task: async (_, task) => {
      const settled = new Promise<void>((resolve, reject) => {
        listeners.set(name, ({ stage, detail = "" }) => {
          task.output = `${stage}: ${detail.split("\n")[0] ?? ""}`;
          if (stage === "ready") resolve();
          if (stage === "failed") reject(new Error(`${name} failed`));
        });
        void finished.then(() => {
          resolve();
        });
      });
      await settled;
    },
  };
}

async function waitForServices({ deployments }: Context, show: (line: string) => void): Promise<void> {
  for (const { access, client, virtualServices } of deployments) {
    if (client === undefined) continue;
    for (const { address, port } of virtualServices.filter(({ protocol }) => protocol === "tcp")) {
      const host = address.includes(":") ? `[${address}]` : address;
      show(`${client} asks ${host}:${port}`);
      const probe = `timeout 120 sh -c 'until curl --silent --output /dev/null --max-time 5 http://${host}:${port}/; do sleep 1; done'`;
      await runOn(access, client, probe).catch(() => {
        throw new CliError(
          `${host}:${port} does not answer ${client} within two minutes`,
          "look at the director's table and at the real servers (docs/troubleshooting.md)",
        );
      });
    }
  }
}

function saveLog(deployments: readonly DeploymentDescription[], running: execa.ExecaChildProcess): void {
  for (const { stateFolder } of deployments) {
    mkdirSync(stateFolder, { recursive: true });
    running.all?.pipe(createWriteStream(join(stateFolder, "deploy.log")));
  }
}

function isLab({ access }: DeploymentDescription): boolean {
  return access.kind === "lab";
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.trim() ?? "";
}

function tail(text: string): string {
  return text.trimEnd().split("\n").slice(-30).join("\n");
}
