import { ListrTask } from "listr2";
import { protectStateFolder, ProviderDescription } from "../constructs/deployment";
import { AgentApi, LEADER_SECONDS } from "./agent-api";
import { DeployOutcome } from "./deploy-tasks";
import { CliError } from "./errors";
import { explainFailure } from "./failed-allocations";
import { handOver } from "./handover";
import { clusterObjects } from "./handover-objects";
import { literalResources } from "./handover-resources";
import { page, typed } from "./package";
import { Program } from "./program";
import { byTerraform, programJobs } from "./provider-terraform";
import { findProviderWay, ProviderWay } from "./provider-way";
import { followSystemJob } from "./system-job";
import { terraformResources } from "./terraform-state";

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
        try {
          if (way.by === "handover") await byHandover(program, stacks, outcome, show);
          else await byTerraform(program, stacks, outcome, way.skipProviderLock, show);
        } finally {
          for (const { stateFolder } of stacks) protectStateFolder(stateFolder);
        }
        await failedBefore(program, stacks, show);
      },
    },
  ];
}

/** Chooses the way of their deployment; what it does not support is refused before anything is made. */
export async function chooseWay(program: Program, stacks: readonly ProviderDescription[]): Promise<ProviderWay> {
  const way = await findProviderWay(program, stacks);
  if (way.by === "terraform") return way;
  for (const stack of stacks) {
    (await literalResources(stack.stack, program.stackJson(stack.stack))).forEach(clusterObjects);
    refuseTerraformsOwn(stack);
  }
  return way;
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
    `give it its providers back (${page("stacks.md")}), or \`${typed("down")}\` and \`${typed("up")}\``,
  );
}

/** A job that failed earlier is down, also where nothing was changed: the plan of Terraform doesn't show it. */
async function failedBefore(
  program: Program,
  stacks: readonly ProviderDescription[],
  show: (line: string) => void,
): Promise<void> {
  const reasons: string[] = [];
  for (const { nomad, job, version, failed } of await programJobs(program, stacks)) {
    const reason = failed ? await explainFailure(nomad, job) : await followSystemJob(nomad, job, version, show);
    if (reason !== undefined) reasons.push(reason);
  }
  if (reasons.length > 0) throw new CliError(reasons.join("\n\n"), "change the job, then run this again");
}
