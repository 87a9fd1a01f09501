import { AgentApi } from "./agent-api";
import { CliError } from "./errors";
import { explainFailure } from "./failed-allocations";
import { JobBody, jobOf, ObjectOf } from "./handover-objects";

/** Whether Nomad has the job just so, and not stopped: what `nomad job plan` finds out. */
export async function nomadHas(nomad: AgentApi, { job }: ObjectOf<"job">): Promise<boolean> {
  if ((await nomad.get(jobPath(job))) === undefined) return false;
  const plan = await nomad.send<{ Diff?: { Type: string } }>("POST", jobPath(job, "/plan"), {
    Job: jobOf(job.source),
    Diff: true,
  });
  return plan.Diff?.Type === "None";
}

/**
 * Registers the job and follows its deployment to the end, as `nomad job run` does.
 *
 * @throws CliError with the allocation's own last events where the deployment fails
 */
export async function runJob(nomad: AgentApi, { job }: ObjectOf<"job">, show: (line: string) => void): Promise<void> {
  const { EvalID: evaluation } = await nomad.send<{ EvalID: string }>("POST", `/v1/jobs?namespace=${job.namespace}`, {
    Job: jobOf(job.source),
    Submission: { Source: job.source, Format: "json" },
  });
  // A periodic or parameterized job is not evaluated before its time comes.
  if (job.detach || evaluation === "") return;
  const deadline = Date.now() + job.timeoutSeconds * 1000;
  const ended = await deploymentOf(nomad, evaluation, deadline, (line) => {
    show(`job ${job.id}: ${line}`);
  });
  if (ended === "successful") return;
  throw new CliError(
    (await explainFailure(nomad, job)) ?? `job '${job.id}': ${ended}`,
    "change the job, then run this again",
  );
}

export async function stopJob(nomad: AgentApi, { job }: ObjectOf<"job">): Promise<void> {
  if (job.deregister) await nomad.send("DELETE", `${jobPath(job)}&purge=${job.purge}`);
}

/** @returns how it ended: `successful`, or why it did not */
async function deploymentOf(
  nomad: AgentApi,
  evaluationId: string,
  deadline: number,
  show: (line: string) => void,
): Promise<string> {
  let next = evaluationId;
  let shown = "";
  while (Date.now() < deadline) {
    const { Status: status, StatusDescription: why, NextEval, DeploymentID } = await evaluationOf(nomad, next);
    if (status === "failed" || status === "cancelled") return `its evaluation ${status}: ${why}`;
    if (status === "complete" && NextEval) {
      next = NextEval;
      continue;
    }
    if (status === "complete") {
      const deployment = DeploymentID ? await nomad.get<Deployment>(`/v1/deployment/${DeploymentID}`) : undefined;
      if (deployment === undefined || deployment.Status === "successful") return "successful";
      if (deployment.Status === "failed" || deployment.Status === "cancelled")
        return `its deployment ${deployment.Status}: ${deployment.StatusDescription}`;
      const health = healthOf(deployment);
      if (health !== shown) show(health);
      shown = health;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return "its deployment has not ended in time";
}

async function evaluationOf(nomad: AgentApi, id: string): Promise<Partial<Evaluation>> {
  return (await nomad.get<Evaluation>(`/v1/evaluation/${id}`)) ?? {};
}

function healthOf({ TaskGroups: groups }: Deployment): string {
  return Object.entries(groups ?? {})
    .map(([name, { HealthyAllocs: healthy, DesiredTotal: all }]) => `${healthy} of ${all} in group ${name} healthy`)
    .join(", ");
}

function jobPath({ id, namespace }: JobBody, more = ""): string {
  return `/v1/job/${encodeURIComponent(id)}${more}?namespace=${namespace}`;
}

interface Evaluation {
  readonly Status: string;
  readonly StatusDescription: string;
  /** Left out where there is none. */
  readonly NextEval: string;
  /** Left out where there is none: batch and system jobs. */
  readonly DeploymentID: string;
}

interface Deployment {
  readonly Status: string;
  readonly StatusDescription: string;
  readonly TaskGroups: Readonly<Record<string, { HealthyAllocs: number; DesiredTotal: number }>> | null;
}
