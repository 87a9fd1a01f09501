import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import { Listr } from "listr2";
import { DeploymentDescription, ProviderDescription } from "../constructs/deployment";
import { runOn } from "./access";
import { DeployOutcome, deployTasks } from "./deploy-tasks";
import { chooseProgram } from "./choice";
import { CliError } from "./errors";
import { lab, labMachines } from "./lab";
import { Program } from "./program";
import { programsOf, requirePrograms } from "./programs";
import { PROGRESS } from "./progress";
import { chooseWay, jobsOf, providerTasks } from "./provider-tasks";
import { fetchImages, imagesOf } from "./images";
import { agentOf, jobTable } from "./job-table";
import { ProviderWay } from "./provider-way";
import { report } from "./report";

/** Checks, then `cdktf deploy`, then waits until every service answers; shows what it does all the way. */
export async function up(example?: string): Promise<void> {
  const started = Date.now();
  const choice = example === undefined ? await chooseProgram() : undefined;
  if (choice?.leftOut !== undefined) console.log(`Brings up ${choice.leftOut}\n`);
  const program = new Program(example, choice?.app);
  const outcome: DeployOutcome = { changed: false };
  let deployments: DeploymentDescription[] = [];
  let clusterStacks: ProviderDescription[] = [];
  let way: ProviderWay | undefined;
  const tasks = new Listr<object, "default", "verbose">(
    [
      { title: "Terraform is there", task: checkTerraform },
      {
        title: "Synthesize the program",
        task: async () => {
          deployments = await program.synth();
          clusterStacks = program.providerStacks();
        },
      },
      {
        title: "Programs",
        enabled: () => programsOf(program, deployments).length > 0,
        task: async (_, task) => {
          task.title = await requirePrograms(programsOf(program, deployments));
        },
      },
      {
        title: "Container images",
        enabled: () => imagesOf(program, deployments).length > 0,
        task: (_, task) => fetchImages(imagesOf(program, deployments), (line) => (task.output = line)),
      },
      {
        title: "Consul objects and jobs: which way",
        enabled: () => clusterStacks.length > 0,
        task: async (_, task) => {
          way = await chooseWay(program, clusterStacks);
          task.title = `Consul objects and jobs: ${way.reason}`;
        },
      },
      {
        title: "Prepare this host",
        skip: () => deployments.every(({ access }) => access.kind !== "lab"),
        task: (_, task) => prepareHost(program, deployments, (line) => (task.output = line)),
      },
      {
        title: "cdktf deploy",
        skip: () => deployments.length === 0,
        task: (_, task) => task.newListr(deployTasks(program, deployments, outcome), { concurrent: true }),
      },
      {
        title: "Consul objects and jobs",
        enabled: () => clusterStacks.length > 0,
        task: (_, task) => (way ? task.newListr(providerTasks(program, clusterStacks, outcome, way)) : undefined),
      },
      {
        title: "Every service answers",
        task: async (_, task) => {
          await waitForGateways(deployments, (line) => (task.output = line));
          await waitForServices(deployments, (line) => (task.output = line));
        },
      },
    ],
    PROGRESS,
  );
  await tasks.run();
  const jobs = await jobReport(program, clusterStacks);
  for (const deployment of deployments) console.log(`\n${await report(deployment, jobs, example)}`);
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(
    outcome.changed ? `\nUp after ${seconds} s.` : `\nNothing to change: everything was up already (${seconds} s).`,
  );
}

async function jobReport(program: Program, stacks: readonly ProviderDescription[]): Promise<string> {
  const nomad = agentOf(stacks, "nomad");
  const jobs = stacks
    .filter(({ provider }) => provider === "nomad")
    .flatMap(({ stack }) => jobsOf(program.stackJson(stack)));
  return nomad === undefined ? "" : jobTable(jobs, nomad, agentOf(stacks, "consul"));
}

async function checkTerraform(): Promise<void> {
  const { exitCode } = await execa("terraform", ["version"], { reject: false, env: { CHECKPOINT_DISABLE: "1" } });
  if (exitCode === 0) return;
  throw new CliError(
    "terraform is not on the PATH",
    "install Terraform 1.5 or newer (developer.hashicorp.com/terraform/install), then run this again",
  );
}

/**
 * Debian packages, the base image, and what the lab has to build and serve; and a lab that died with its host is cleared away, so
 * that it can be made anew.
 */
async function prepareHost(
  program: Program,
  deployments: readonly DeploymentDescription[],
  show: (line: string) => void,
): Promise<void> {
  for (const { access, stateFolder, stack } of deployments) {
    if (access.labDirectory === undefined) continue;
    const preparing = lab(["prepare", join(program.stackFolder(stack), "lab.json")], { all: true, reject: false });
    preparing.all?.on("data", (chunk: Buffer) => {
      show(chunk.toString().trimEnd().split("\n").at(-1) ?? "");
    });
    const { exitCode, all } = await preparing;
    if (exitCode !== 0)
      throw new CliError(all?.trim() ?? "the lab can't be prepared", "mend that, then run this again");
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

/** They fetch their image after the machine counts as made. */
async function waitForGateways(
  deployments: readonly DeploymentDescription[],
  show: (line: string) => void,
): Promise<void> {
  for (const { access, gateways } of deployments) {
    const instances = gateways.flatMap(({ name, instances: all }) => all.map((instance) => ({ name, ...instance })));
    for (const { name, machine, ready, settled = "true" } of instances) {
      show(`gateway ${name} on ${machine} gets its routes`);
      const ask = `curl --fail --silent --output /dev/null --max-time 5 ${ready}`;
      await runOn(access, machine, `timeout 600 sh -c 'until ${settled} && ${ask}; do sleep 1; done'`).catch(() => {
        throw new CliError(
          `gateway ${name} on ${machine} has no routes after ten minutes`,
          `look at its log on that machine: journalctl --unit 'vipstack-gateway-*' (docs/gateways.md)`,
        );
      });
    }
  }
}

async function waitForServices(
  deployments: readonly DeploymentDescription[],
  show: (line: string) => void,
): Promise<void> {
  for (const { access, client, virtualServices } of deployments) {
    if (client === undefined) continue;
    for (const { address, port } of virtualServices.filter(({ protocol, port }) => protocol === "tcp" && port !== 0)) {
      const host = address.includes(":") ? `[${address}]` : address;
      show(`${client} asks ${host}:${port}`);
      const ask = `curl --globoff --silent --output /dev/null --max-time 5 http://${host}:${port}/`;
      await runOn(access, client, `timeout 120 sh -c 'until ${ask}; do sleep 1; done'`).catch(() => {
        throw new CliError(
          `${host}:${port} does not answer ${client} within two minutes`,
          "look at the director's table and at the real servers (docs/troubleshooting.md)",
        );
      });
    }
  }
}
