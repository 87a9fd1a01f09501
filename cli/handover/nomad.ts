import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { AgentApi } from "../agent-api";
import { CliError } from "../errors";
import { explainFailure, RunningDeployments } from "../jobs";
import { Deployment, Evaluation, JobName, jobPath, jobStatus, placementLines } from "../nomad";
import { followSystemJob } from "../system-job";
import { ClusterObject, isSystemJob, jobOf, ObjectOf, VariableBody } from "./objects";

export type NomadObject = Extract<ClusterObject, { kind: "job" | "variable" }>;

/** Whether Nomad has the object just so; of a job, whether it is not stopped either: what `nomad job plan` finds out. */
export async function nomadHas(nomad: AgentApi, object: NomadObject): Promise<boolean> {
  if (object.kind === "variable") {
    const found = await nomad.get<VariableBody>(variablePath(object));
    return isDeepStrictEqual(found?.Items, object.variable.Items);
  }
  const { job } = object;
  if ((await jobStatus(nomad, job)) === undefined) return false;
  const plan = await nomad.send<{ Diff?: { Type: string } }>("POST", jobPath(job, "/plan"), {
    Job: jobOf(job.source),
    Diff: true,
  });
  return plan.Diff?.Type === "None";
}

/**
 * Writes a variable, or registers a job and follows it until it is healthy, as `nomad job run` does.
 *
 * @throws CliError with the allocation's own last events where the job fails
 */
export async function writeToNomad(nomad: AgentApi, object: NomadObject, show: (line: string) => void): Promise<void> {
  if (object.kind === "variable") await nomad.send("PUT", variablePath(object), object.variable);
  else await runJob(nomad, object, show);
}

export async function removeFromNomad(nomad: AgentApi, object: NomadObject): Promise<void> {
  if (object.kind === "variable") await nomad.send("DELETE", variablePath(object));
  else if (object.job.deregister) await nomad.send("DELETE", `${jobPath(object.job)}&purge=${object.job.purge}`);
}

async function runJob(nomad: AgentApi, { job }: ObjectOf<"job">, show: (line: string) => void): Promise<void> {
  const before = await jobStatus(nomad, job);
  const { EvalID: evaluation } = await nomad.send<{ EvalID: string }>("POST", `/v1/jobs?namespace=${job.namespace}`, {
    Job: jobOf(job.source),
    Submission: { Source: job.source, Format: "json" },
  });
  // A periodic or parameterized job is not evaluated before its time comes.
  if (job.detach || evaluation === "") return;
  const deadline = Date.now() + (before === undefined ? job.createSeconds : job.updateSeconds) * 1000;
  const failure = isSystemJob(job.source)
    ? await followSystemJob(nomad, job, before?.Version, show)
    : await failureOf(nomad, job, evaluation, deadline, (line) => {
        show(`job ${job.id}: ${line}`);
      });
  if (failure !== undefined) throw new CliError(failure, "change the job, then run this again");
}

/** Follows evaluations, and the deployment that comes of them. @returns why it failed; undefined where it did not */
async function failureOf(
  nomad: AgentApi,
  job: JobName,
  evaluationId: string,
  deadline: number,
  show: (line: string) => void,
): Promise<string | undefined> {
  const failed = async (why: string): Promise<string> =>
    [`job '${job.id}' failed: ${why}`, ...(await placementLines(nomad, job)).map((line) => `  ${line}`)].join("\n");
  let next = evaluationId;
  let shown = "";
  const running = new RunningDeployments();
  while (Date.now() < deadline) {
    const evaluation = await nomad.get<Partial<Evaluation>>(`/v1/evaluation/${next}`);
    const { Status: status, StatusDescription: why = "", NextEval, DeploymentID } = evaluation ?? {};
    if (status === "failed" || status === "cancelled") return failed(`its evaluation ${status}: ${why}`);
    if (status === "complete" && NextEval) {
      next = NextEval;
      continue;
    }
    if (status === "complete") {
      if (!DeploymentID) return undefined;
      const deployment = await nomad.get<Deployment>(`/v1/deployment/${DeploymentID}`);
      if (deployment === undefined || deployment.Status === "successful") return undefined;
      if (deployment.Status === "failed") return explainFailure(nomad, job, deployment.CreateIndex - 1);
      if (deployment.Status === "cancelled") return failed(`its deployment cancelled: ${deployment.StatusDescription}`);
      const line = await running.look(nomad, job, deployment);
      if (line !== shown) show(line);
      shown = line;
    }
    await sleep(500);
  }
  return failed("its deployment has not ended in time");
}

function variablePath({ variable: { Path: path, Namespace: namespace } }: ObjectOf<"variable">): string {
  return `/v1/var/${path.split("/").map(encodeURIComponent).join("/")}?namespace=${encodeURIComponent(namespace)}`;
}
