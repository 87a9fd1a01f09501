import { ListrTask } from "listr2";
import { setTimeout as sleep } from "node:timers/promises";
import { protectStateFolder, ProviderDescription } from "../constructs/deployment";
import { AgentApi, LEADER_SECONDS } from "./agent-api";
import { CliError } from "./errors";
import { checkHandover, handOver, leaveToTerraform } from "./handover/handover";
import { isSystemJob, JobBody, jobsIn } from "./handover/objects";
import { explainFailure, instancesOf, JobInstance, jobTable, watchJobs } from "./jobs";
import { DeployOutcome } from "./machines";
import { jobStatus, lastDeployment } from "./nomad";
import { planOf } from "./plan/plan";
import { isUnchanged, objectNames } from "./plan/text";
import type { Program } from "./program";
import { Synthesis } from "./synthesis";
import { followSystemJob, updateEnded } from "./system-job";
import { deployError, findProviderWay, ProviderWay, runTerraform, TerraformResult } from "./terraform";

/** Chooses how stacks get to their agents; what that way does not support is refused before anything is made. */
export async function chooseWay(program: Program, stacks: readonly ProviderDescription[]): Promise<ProviderWay> {
  const way = await findProviderWay(program, stacks);
  if (way.by === "handover")
    for (const stack of stacks) await checkHandover(stack, program.stackJson(stack.stack), program.example);
  return way;
}

/** Brings the stacks of Consul objects and Nomad jobs to their agents. */
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
          for (const { nomad, job } of await programJobs(program, stacks)) await updateEnded(nomad, job, show);
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

/** The table of a program's jobs as Nomad runs them; empty where there are none. */
export async function jobReport(program: Synthesis, stacks: readonly ProviderDescription[]): Promise<string> {
  return jobTable(await jobInstances(program, stacks));
}

/** The instances of a program's jobs as Nomad runs them. */
export async function jobInstances(
  program: Synthesis,
  stacks: readonly ProviderDescription[],
): Promise<readonly JobInstance[]> {
  const agentOf = (name: ProviderDescription["provider"]): AgentApi | undefined => {
    const stack = stacks.find(({ provider }) => provider === name);
    return stack && AgentApi.of(stack);
  };
  const nomad = agentOf("nomad");
  if (nomad === undefined) return [];
  const jobs = (await programJobs(program, stacks)).map(({ job }) => job);
  return instancesOf(jobs, nomad, agentOf("consul"));
}

/** The fallback where Terraform has no providers; see docs/handover.md. */
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

async function byTerraform(
  program: Program,
  stacks: readonly ProviderDescription[],
  outcome: DeployOutcome,
  skipProviderLock: boolean,
  show: (line: string) => void,
): Promise<void> {
  // Plans side by side: `cdktf deploy` needs several times as long to find out that nothing changes.
  const planned = await planOf(program, [], stacks);
  for (const line of objectNames(planned)) show(line);
  const unchanged = isUnchanged(
    planned,
    stacks.map(({ stack }) => stack),
  );
  if (!unchanged) await deployJobs(program, stacks, outcome, skipProviderLock, show);
  for (const stack of stacks) await leaveToTerraform(stack, program.stackJson(stack.stack), show);
}

/** `cdktf deploy`, with an eye on the jobs meanwhile. */
async function deployJobs(
  program: Program,
  stacks: readonly ProviderDescription[],
  outcome: DeployOutcome,
  skipProviderLock: boolean,
  show: (line: string) => void,
): Promise<void> {
  const options = { stacks: stacks.map(({ stack }) => stack), skipProviderLock };
  const folders = stacks.map(({ stateFolder }) => stateFolder);
  const jobs = await programJobs(program, stacks);
  const stopWatching = watchJobs(jobs, show);
  const system = new SystemJobs(jobs, show);
  const result = await runTerraform(program, options, folders, show, "deploy-cluster.log");
  stopWatching();
  outcome.changed ||= result.changed;
  const reasons = result.interrupted ? [] : await system.end();
  if (!result.ok || reasons.length > 0) throw await withReasons(result, jobs, reasons);
}

/** A job of the program, the agent that it is for, and what that one knew of it before. */
interface ProgramJob {
  readonly nomad: AgentApi;
  readonly job: JobBody;
  /** Left out: it was not there. */
  readonly version?: number;
  /** Index of its newest deployment, and whether that one failed. */
  readonly deployment: number;
  readonly failed: boolean;
}

async function programJobs(program: Synthesis, stacks: readonly ProviderDescription[]): Promise<ProgramJob[]> {
  const jobs: ProgramJob[] = [];
  for (const stack of stacks.filter(({ provider }) => provider === "nomad")) {
    const nomad = AgentApi.of(stack);
    for (const job of await jobsIn(program.stackJson(stack.stack))) {
      const version = (await jobStatus(nomad, job))?.Version;
      const last = await lastDeployment(nomad, job);
      const failed = last?.Status === "failed";
      jobs.push({ nomad, job, version, deployment: last?.CreateIndex ?? -1, failed });
    }
  }
  return jobs;
}

/** A job that failed earlier is down, also where nothing was changed: the plan of Terraform doesn't show it. */
async function failedBefore(
  program: Synthesis,
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

/** Terraform's provider takes a system job for done at once, or waits until Nomad has replaced all of it by the clock. */
class SystemJobs {
  private ended = false;
  private readonly followed: Promise<string | undefined>[];

  constructor(
    jobs: readonly ProgramJob[],
    private readonly show: (line: string) => void,
  ) {
    this.followed = jobs.filter(({ job }) => isSystemJob(job.source)).map((one) => this.follow(one));
  }

  /** Waits for the end of those that Terraform has registered. @returns why some failed */
  async end(): Promise<string[]> {
    this.ended = true;
    const reasons = await Promise.all(this.followed);
    return reasons.filter((reason) => reason !== undefined);
  }

  private async follow({ nomad, job, version }: ProgramJob): Promise<string | undefined> {
    for (;;) {
      const ended = this.ended;
      const now = await jobStatus(nomad, job).catch(() => undefined);
      if (now !== undefined && now.Version !== version) return followSystemJob(nomad, job, version, this.show);
      if (ended) return undefined;
      await sleep(500);
    }
  }
}

/** A failure of Terraform with what Nomad itself reports of the jobs that did not come up. */
async function withReasons(
  result: TerraformResult,
  jobs: readonly ProgramJob[],
  found: readonly string[],
): Promise<CliError> {
  if (result.ok) return new CliError(found.join("\n\n"), "change the job, then run this again");
  const error = deployError(result);
  if (result.interrupted) return error;
  const service = jobs.filter(({ job }) => !isSystemJob(job.source));
  const told = await Promise.all(service.map(({ nomad, job, deployment }) => explainFailure(nomad, job, deployment)));
  const reasons = [...told.filter((reason) => reason !== undefined), ...found];
  if (reasons.length === 0) return error;
  // Of a job that fails Terraform knows only that it does.
  const onlyJobs = (error.message.match(/Error: /g) ?? []).length === (error.message.match(JOB_ERROR) ?? []).length;
  return new CliError([...(onlyJobs ? [] : [error.message]), ...reasons].join("\n\n"), error.cure);
}

const JOB_ERROR = /Error: error waiting for job/g;
