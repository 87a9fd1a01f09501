import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ListrTask } from "listr2";
import { ProviderDescription } from "../constructs/deployment";
import { AgentApi } from "./agent-api";
import { DeployOutcome, deployError } from "./deploy-tasks";
import { CliError } from "./errors";
import { explainFailure, JobName, lastDeploymentFailed } from "./failed-allocations";
import { handOver, leaveToTerraform } from "./handover";
import { clusterObjects, parseJob } from "./handover-objects";
import { literalResources } from "./handover-resources";
import { handedOver } from "./handover-state";
import { Program } from "./program";
import { findProviderWay, ProviderWay } from "./provider-way";
import { runTerraform, TerraformResult } from "./terraform-run";
import { templateLiteral } from "./template-literal";

/** How long an agent may take to know a leader once its machine is up. */
const LEADER_SECONDS = 60;

/** Brings the stacks of Consul objects and Nomad jobs to their agents, by Terraform's providers or without them. */
export function providerTasks(
  program: Program,
  stacks: readonly ProviderDescription[],
  outcome: DeployOutcome,
  way: ProviderWay,
): ListrTask[] {
  return [
    {
      title: "Consul and Nomad have a leader",
      task: async () => {
        for (const stack of stacks) await AgentApi.of(stack).waitForLeader(LEADER_SECONDS);
      },
    },
    {
      title: stacks.map(({ stack }) => stack).join(", "),
      task: async (_, task) => {
        const show = (line: string): void => {
          task.output = line;
        };
        if (way.by === "handover") await byHandover(program, stacks, outcome, show);
        else await byTerraform(program, stacks, outcome, way.skipProviderLock, show);
        await failedBefore(program, stacks);
      },
    },
  ];
}

/** Which way they will go; before anything is made, what can't go that way is refused. */
export async function chooseWay(program: Program, stacks: readonly ProviderDescription[]): Promise<ProviderWay> {
  const way = await findProviderWay(program, stacks);
  if (way.by === "terraform") return way;
  for (const stack of stacks) {
    literalResources(stack.stack, program.stackJson(stack.stack)).flatMap(clusterObjects);
    refuseTerraformsOwn(stack);
  }
  return way;
}

async function byTerraform(
  program: Program,
  stacks: readonly ProviderDescription[],
  outcome: DeployOutcome,
  skipProviderLock: boolean,
  show: (line: string) => void,
): Promise<void> {
  const names = stacks.map(({ stack }) => stack);
  const folders = stacks.map(({ stateFolder }) => stateFolder);
  const options = { stacks: names, skipProviderLock };
  const result = await runTerraform(program, options, folders, show, "deploy-cluster.log");
  outcome.changed ||= result.changed;
  if (!result.ok) throw await withReasons(result, program, stacks);
  // What an earlier `up` handed over without Terraform is Terraform's now, and what left the program in between goes.
  for (const stack of stacks)
    if (handedOver(stack).length > 0) await leaveToTerraform(stack, program.stackJson(stack.stack), show);
}

async function byHandover(
  program: Program,
  stacks: readonly ProviderDescription[],
  outcome: DeployOutcome,
  show: (line: string) => void,
): Promise<void> {
  for (const stack of stacks) {
    if (await handOver(stack, program.stackJson(stack.stack), show)) outcome.changed = true;
  }
}

/** Two owners would undo each other's work. */
function refuseTerraformsOwn(stack: ProviderDescription): void {
  const resources = terraformResources(stack);
  if (resources === 0) return;
  throw new CliError(
    `Terraform has made ${resources} resources of stack '${stack.stack}', and has no providers any more to look after them`,
    "give it its providers back (docs/stacks.md), or `npm run down` and `npm run up`",
  );
}

/** How many resources Terraform's state holds for a stack. */
export function terraformResources({ stateFolder, stack }: ProviderDescription): number {
  const file = join(stateFolder, `${stack}.tfstate`);
  if (!existsSync(file)) return 0;
  return (JSON.parse(readFileSync(file, "utf8")) as { resources?: unknown[] }).resources?.length ?? 0;
}

/** A failure of Terraform with what Nomad itself has to say of the jobs that did not come up. */
async function withReasons(
  result: TerraformResult,
  program: Program,
  stacks: readonly ProviderDescription[],
): Promise<CliError> {
  const error = deployError(result);
  const reasons = result.interrupted ? [] : await failures(program, stacks, explainFailure);
  if (reasons.length === 0) return error;
  // Of a job that fails Terraform knows only that it does.
  const onlyJobs = (error.message.match(/Error: /g) ?? []).length === (error.message.match(JOB_ERROR) ?? []).length;
  return new CliError([...(onlyJobs ? [] : [error.message]), ...reasons].join("\n\n"), error.cure);
}

const JOB_ERROR = /Error: error waiting for job/g;

/** A job whose last deployment failed is down, also where nothing was changed: the plan of Terraform doesn't show it. */
async function failedBefore(program: Program, stacks: readonly ProviderDescription[]): Promise<void> {
  const reasons = await failures(program, stacks, async (nomad, job) =>
    (await lastDeploymentFailed(nomad, job)) ? explainFailure(nomad, job) : undefined,
  );
  if (reasons.length > 0) throw new CliError(reasons.join("\n\n"), "change the job, then run this again");
}

async function failures(
  program: Program,
  stacks: readonly ProviderDescription[],
  explain: (nomad: AgentApi, job: JobName) => Promise<string | undefined>,
): Promise<string[]> {
  const reasons: string[] = [];
  for (const stack of stacks.filter(({ provider }) => provider === "nomad")) {
    for (const job of jobsOf(program.stackJson(stack.stack))) {
      const reason = await explain(AgentApi.of(stack), job);
      if (reason !== undefined) reasons.push(reason);
    }
  }
  return reasons;
}

/** The jobs of a stack whose specification is JSON that holds no reference. */
export function jobsOf(json: Readonly<Record<string, unknown>>): JobName[] {
  const { nomad_job: jobs = {} } = (json.resource ?? {}) as {
    nomad_job?: Record<string, { jobspec: string; json?: boolean }>;
  };
  return Object.values(jobs).flatMap(({ jobspec, json: isJson }) => {
    const literal = isJson === true ? templateLiteral(jobspec) : undefined;
    return literal === undefined ? [] : [parseJob(literal)];
  });
}
