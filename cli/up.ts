import { DeploymentDescription, ProviderDescription } from "../constructs/deployment";
import { chooseWay, jobReport, providerTasks } from "./agent-stacks";
import { claim } from "./claim";
import { checkHosts, hasHosts } from "./host-check";
import { fetchImages, imagesOf, prepareHost, programsOf, requirePrograms } from "./lab";
import { leftLine, LeftStack, leftStacks, removeLeft } from "./left-stacks";
import { DeployOutcome, deployTasks, waitForGateways, waitForServices } from "./machines";
import { PACKAGE_FOLDER } from "./package";
import { confirm, planOf } from "./plan/plan";
import { isUnchanged, ProgramPlan } from "./plan/text";
import { requirePorts } from "./ports";
import { chooseProgram, Program } from "./program";
import { runTasks } from "./progress";
import { report } from "./report";
import { endingSoon, secretsTitle, supplySecrets } from "./secrets/supply";
import { readSecrets } from "./secrets/store";
import { checkTerraform, ProviderWay, terraformResources } from "./terraform";

interface UpOptions {
  /** Whether what is left of stacks that left the program is removed. @default false - it is only reported */
  readonly removeLeft?: boolean;
  /** Whether machines are made anew and removed without a question. @default false - it asks, on a terminal */
  readonly yes?: boolean;
}

/** Checks, then `cdktf deploy`, then waits until every service answers; shows what it does all the way. */
export async function up(example?: string, options: UpOptions = {}): Promise<void> {
  const choice = example === undefined ? await chooseProgram() : undefined;
  if (choice?.leftOut !== undefined) console.log(`Brings up ${choice.leftOut}\n`);
  const program = new Program(example, choice?.app);
  const giveBack = claim(program.output, "up");
  try {
    await bringUp(program, example, options);
  } finally {
    giveBack();
  }
}

async function bringUp(
  program: Program,
  example: string | undefined,
  { removeLeft: remove = false, yes = false }: UpOptions,
): Promise<void> {
  const started = Date.now();
  const outcome: DeployOutcome = { changed: false };
  let deployments: DeploymentDescription[] = [];
  let clusterStacks: ProviderDescription[] = [];
  let way: ProviderWay | undefined;
  let revived: string[] = [];
  let planned: ProgramPlan = { stacks: [], warnings: [], problems: [] };
  const left = (): LeftStack[] => leftStacks(program, [...deployments, ...clusterStacks]);
  await runTasks([
    { title: "Terraform is there", task: checkTerraform },
    {
      title: "Synthesize the program",
      task: async () => {
        deployments = await program.synth();
        clusterStacks = program.providerStacks();
        planned = { ...planned, warnings: program.warnings() };
      },
    },
    {
      title: "Secrets",
      enabled: () => deployments.some(({ secrets = [] }) => secrets.length > 0),
      task: (_, task) => {
        task.title = secretsTitle(supplySecrets(deployments, { keep: true }));
      },
    },
    {
      title: "Hosts can be used",
      enabled: () => deployments.some(hasHosts),
      task: async (_, task) => {
        task.title = `Hosts can be used: ${(await checkHosts(deployments)).join(", ")}`;
      },
    },
    {
      title: "Ports of this host are free",
      enabled: () => deployments.some(({ access }) => (access.forwards ?? []).length > 0),
      task: () => requirePorts(program, deployments, example !== undefined || process.cwd() === PACKAGE_FOLDER),
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
      skip: () => deployments.every(({ access }) => access.labDirectory === undefined),
      task: async (_, task) => {
        revived = await prepareHost(program, deployments, (line) => (task.output = line));
        if (revived.length > 0) task.title = `Prepare this host: ${revived.join(", ")} was off and is on again`;
      },
    },
    {
      title: "What changes on the machines",
      enabled: () => deployments.some((deployment) => terraformResources(deployment) > 0),
      task: async () => {
        planned = await planOf(program, deployments, []);
      },
    },
  ]);
  await confirm(planned, !yes && process.stdin.isTTY && process.stdout.isTTY, program.example);
  const unchanged = isUnchanged(
    planned,
    deployments.map(({ stack }) => stack),
  );
  await runTasks([
    {
      title: "cdktf deploy",
      skip: () => deployments.length === 0,
      task: (_, task) => task.newListr(deployTasks(program, deployments, outcome, unchanged), { concurrent: true }),
    },
    {
      title: "Remove what is left of stacks that left the program",
      enabled: () => remove,
      skip: () => left().length === 0 && "No stack has left the program",
      task: async (_, task) => {
        await removeLeft(left(), (line) => (task.output = line));
        outcome.changed = true;
      },
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
        await waitForServices(program, deployments, (line) => (task.output = line));
      },
    },
  ]);
  const jobs = await jobReport(program, clusterStacks);
  for (const deployment of deployments) console.log(`\n${await report(deployment, jobs, example)}`);
  for (const stack of left()) console.log(`\nLeft behind: ${leftLine(stack)} (vipstack up --remove-left removes it).`);
  for (const line of deployments.flatMap(({ stateFolder }) => endingSoon(readSecrets(stateFolder), example)))
    console.log(`\nWarning: ${line}`);
  const seconds = Math.round((Date.now() - started) / 1000);
  if (outcome.changed) console.log(`\nUp after ${seconds} s.`);
  else if (revived.length > 0)
    console.log(`\nUp after ${seconds} s: ${revived.join(", ")} was off, nothing else changed.`);
  else console.log(`\nNothing to change: everything was up already (${seconds} s).`);
}
