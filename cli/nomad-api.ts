import { AgentApi } from "./agent-api";

// What Nomad's HTTP interface answers, as far as it is used here.

/** How a job is known to Nomad. */
export interface JobName {
  readonly id: string;
  readonly namespace: string;
}

/** The path of a job, or of what belongs to it: `/v1/job/web/allocations?namespace=default`. */
export function jobPath({ id, namespace }: JobName, what = ""): string {
  return `/v1/job/${encodeURIComponent(id)}${what}?namespace=${encodeURIComponent(namespace)}`;
}

export function jobStatus(nomad: AgentApi, job: JobName): Promise<JobStatus | undefined> {
  return nomad.get(jobPath(job));
}

export async function allocationsOf(nomad: AgentApi, job: JobName): Promise<Allocation[]> {
  return (await nomad.get<Allocation[]>(jobPath(job, "/allocations"))) ?? [];
}

export async function evaluationsOf(nomad: AgentApi, job: JobName): Promise<Evaluation[]> {
  return (await nomad.get<Evaluation[]>(jobPath(job, "/evaluations"))) ?? [];
}

/** Its newest deployment; undefined where it has none, as system jobs. */
export async function lastDeployment(nomad: AgentApi, job: JobName): Promise<Deployment | undefined> {
  return (await nomad.get<Deployment | null>(jobPath(job, "/deployment"))) ?? undefined;
}

export interface JobStatus {
  readonly Type: string;
  readonly Version: number;
  readonly Stop: boolean;
  readonly Update: { readonly Stagger: number } | null;
  readonly TaskGroups: readonly {
    /** Times are in nanoseconds. */
    readonly Update: {
      readonly MinHealthyTime: number;
      readonly HealthyDeadline: number;
    } | null;
  }[];
}

export interface Deployment {
  readonly ID: string;
  readonly Status: string;
  readonly StatusDescription: string;
  readonly JobVersion: number;
  readonly CreateIndex: number;
  readonly TaskGroups: Readonly<Record<string, { HealthyAllocs: number; DesiredTotal: number }>> | null;
}

export interface Allocation {
  readonly ID: string;
  readonly TaskGroup: string;
  readonly NodeName: string;
  readonly JobVersion: number;
  readonly DesiredStatus: string;
  readonly ClientStatus: string;
  readonly CreateIndex: number;
  readonly DeploymentStatus: { readonly Healthy: boolean | null } | null;
  readonly TaskStates: Readonly<Record<string, TaskState>> | null;
}

export interface TaskState {
  readonly State: string;
  readonly Failed: boolean;
  readonly Restarts: number;
  readonly StartedAt: string | null;
  readonly Events: readonly TaskEvent[] | null;
}

export interface TaskEvent {
  readonly Type: string;
  readonly DisplayMessage: string;
  readonly Message: string;
  readonly ExitCode: number;
  readonly RestartReason: string;
}

export interface Evaluation {
  readonly ID: string;
  readonly Status: string;
  readonly StatusDescription: string;
  /** Left out where there is none. */
  readonly NextEval: string;
  /** Left out where there is none: batch and system jobs. */
  readonly DeploymentID: string;
  readonly CreateIndex: number;
  readonly FailedTGAllocs: Readonly<Record<string, PlacementMetrics>> | null;
}

export interface PlacementMetrics {
  readonly NodesEvaluated: number;
  readonly ConstraintFiltered: Readonly<Record<string, number>> | null;
  readonly DimensionExhausted: Readonly<Record<string, number>> | null;
}
