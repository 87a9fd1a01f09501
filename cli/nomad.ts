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
  /** In nanoseconds since 1970. */
  readonly CreateTime: number;
  readonly DeploymentStatus: { readonly Healthy: boolean | null } | null;
  readonly TaskStates: Readonly<Record<string, TaskState>> | null;
  /** Only of an allocation that is asked for by itself. */
  readonly AllocatedResources?: { readonly Shared: { readonly Ports: readonly Port[] | null } } | null;
}

export interface Port {
  readonly Label: string;
  readonly Value: number;
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

/**
 * Why groups of a job have no place, by the newest evaluation with such a failure; empty where all have one.
 *
 * @param failed the deployment that is asked about, where it has ended: those after it have evaluations of their own
 */
export async function placementLines(nomad: AgentApi, job: JobName, failed?: Deployment): Promise<string[]> {
  const evaluations = [...(await evaluationsOf(nomad, job))].sort((a, b) => b.CreateIndex - a.CreateIndex);
  const own = failed && evaluations.find((one) => one.DeploymentID === failed.ID && one.FailedTGAllocs !== null);
  if (own !== undefined) return reasons(own);
  // Evaluations that follow, of a deployment for example, don't repeat what a blocked one waits for.
  const telling = evaluations.find(({ Status: status }) => status === "blocked") ?? evaluations[0];
  return telling === undefined ? [] : reasons(telling);
}

function reasons({ FailedTGAllocs: failed }: Evaluation): string[] {
  return Object.entries(failed ?? {}).map(([group, metrics]) => {
    const missing = [
      ...counts(metrics.ConstraintFiltered).map(([what, n]) => `${n} filtered by ${what}`),
      ...counts(metrics.DimensionExhausted).map(([what, n]) => `${n} without enough ${what}`),
    ];
    return `group '${group}' found no place: ${[`${metrics.NodesEvaluated} clients looked at`, ...missing].join(", ")}`;
  });
}

function counts(counted: Readonly<Record<string, number>> | null): [string, number][] {
  return Object.entries(counted ?? {});
}
