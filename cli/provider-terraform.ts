import { ProviderDescription } from "../constructs/deployment";
import { AgentApi } from "./agent-api";
import { DeployOutcome, deployError } from "./deploy-tasks";
import { CliError } from "./errors";
import { explainFailure } from "./failed-allocations";
import { leaveToTerraform } from "./handover";
import { clusterObjects, isSystemJob, JobBody } from "./handover-objects";
import { readResources } from "./handover-resources";
import { handedOver } from "./handover-state";
import { watchJobs } from "./job-progress";
import { jobStatus, lastDeployment } from "./nomad-api";
import { Program } from "./program";
import { followSystemJob } from "./system-job";
import { runTerraform, TerraformResult } from "./terraform-run";

/** A job of the program, the agent that it is for, and what that one knew of it before. */
export interface ProgramJob {
  readonly nomad: AgentApi;
  readonly job: JobBody;
  /** Left out: it was not there. */
  readonly version?: number;
  /** Index of its newest deployment, and whether that one failed. */
  readonly deployment: number;
  readonly failed: boolean;
}

/** `cdktf deploy` for the stacks of Consul objects and Nomad jobs, and beside it an eye on the jobs. */
export async function byTerraform(
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
  // What an earlier `up` handed over without Terraform is Terraform's now, and what left the program in between goes.
  for (const stack of stacks)
    if (handedOver(stack).length > 0) await leaveToTerraform(stack, program.stackJson(stack.stack), show);
}

/** The jobs of these stacks whose specification is JSON without a reference to other resources. */
export async function programJobs(program: Program, stacks: readonly ProviderDescription[]): Promise<ProgramJob[]> {
  const jobs: ProgramJob[] = [];
  for (const stack of stacks.filter(({ provider }) => provider === "nomad")) {
    const nomad = AgentApi.of(stack);
    const { resources } = await readResources(program.stackJson(stack.stack));
    const inJson = resources.filter(({ type, attributes }) => type === "nomad_job" && attributes.json === true);
    for (const object of inJson.flatMap(clusterObjects)) {
      if (object.kind !== "job") continue;
      const { job } = object;
      const version = (await jobStatus(nomad, job))?.Version;
      const last = await lastDeployment(nomad, job);
      const failed = last?.Status === "failed";
      jobs.push({ nomad, job, version, deployment: last?.CreateIndex ?? -1, failed });
    }
  }
  return jobs;
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
      await new Promise((resolve) => setTimeout(resolve, 500));
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
