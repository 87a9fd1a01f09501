import { AgentApi } from "./agent-api";

/** How a job is known to Nomad. */
export interface JobName {
  readonly id: string;
  readonly namespace: string;
}

/** How many of a task's last events are told, and how many lines of what it last wrote. */
const EVENTS = 4;
const LINES = 5;

/**
 * Why a job did not come up, from Nomad itself: the last events of the newest allocation that failed in each group (task,
 * message, exit code), and why a group found no place.
 *
 * @returns undefined where Nomad knows of no failure
 */
export async function explainFailure(nomad: AgentApi, job: JobName): Promise<string | undefined> {
  const of = (what: string): string => `/v1/job/${encodeURIComponent(job.id)}/${what}?namespace=${job.namespace}`;
  const deployments = (await nomad.get<Deployment[]>(of("deployments"))) ?? [];
  const failed = deployments
    .filter(({ Status: status }) => status === "failed")
    .sort((a, b) => b.CreateIndex - a.CreateIndex)[0];
  const allocations =
    failed === undefined
      ? await nomad.get<Allocation[]>(of("allocations"))
      : await nomad.get<Allocation[]>(`/v1/deployment/allocations/${failed.ID}`);
  const told = lastOfEachGroup((allocations ?? []).filter(isFailed)).map((one) => allocationLines(nomad, one));
  const lines = [
    ...(await Promise.all(told)).flat(),
    ...placementLines((await nomad.get<Evaluation[]>(of("evaluations"))) ?? []),
  ];
  if (failed === undefined && lines.length === 0) return undefined;
  return [`job '${job.id}' failed${failed ? `: ${failed.StatusDescription}` : ""}`, ...lines].join("\n");
}

/** Whether the last deployment of a job failed: Terraform's plan does not show it, and would call it "No changes". */
export async function lastDeploymentFailed(nomad: AgentApi, job: JobName): Promise<boolean> {
  const path = `/v1/job/${encodeURIComponent(job.id)}/deployment?namespace=${job.namespace}`;
  return (await nomad.get<Deployment | null>(path))?.Status === "failed";
}

function isFailed({ ClientStatus: status, DeploymentStatus: health, TaskStates: tasks }: Allocation): boolean {
  return status === "failed" || health?.Healthy === false || Object.values(tasks ?? {}).some((task) => task.Failed);
}

function lastOfEachGroup(allocations: readonly Allocation[]): Allocation[] {
  const newest = [...allocations].sort((a, b) => a.CreateIndex - b.CreateIndex);
  return [...new Map(newest.map((allocation) => [allocation.TaskGroup, allocation])).values()];
}

async function allocationLines(nomad: AgentApi, allocation: Allocation): Promise<string[]> {
  const { ID, TaskGroup, NodeName, TaskStates } = allocation;
  const lines: string[] = [];
  for (const [task, { Events: events, Restarts: restarts, Failed: failed, State: state }] of Object.entries(
    TaskStates ?? {},
  )) {
    if (!failed && restarts === 0 && state === "running") continue;
    const again = restarts === 0 ? "" : `, started again ${restarts} times`;
    lines.push(`  task '${task}' of group '${TaskGroup}' on ${NodeName}, allocation ${ID.slice(0, 8)}${again}:`);
    lines.push(...(events ?? []).slice(-EVENTS).map((event) => `    ${eventLine(event)}`));
    lines.push(...(await lastWords(nomad, ID, task)).map((line) => `    stderr: ${line}`));
  }
  return lines;
}

/** The end of what a task wrote to its standard error; empty where its machine can't be asked any more. */
async function lastWords(nomad: AgentApi, allocation: string, task: string): Promise<string[]> {
  const end = `task=${encodeURIComponent(task)}&type=stderr&plain=true&origin=end&offset=2000`;
  const text = await nomad.text(`/v1/client/fs/logs/${allocation}?${end}`);
  return text.split("\n").filter(Boolean).slice(-LINES);
}

function eventLine({ Type, DisplayMessage, Message, ExitCode }: TaskEvent): string {
  const message = (DisplayMessage || Message).trim();
  const code = Type === "Terminated" && !/exit code/i.test(message) ? ` (exit code ${ExitCode})` : "";
  return `${Type}: ${message}${code}`;
}

/** Why the scheduler found no machine for a group, as the newest evaluation that met it says. */
function placementLines(evaluations: readonly Evaluation[]): string[] {
  const newest = [...evaluations].sort((a, b) => b.CreateIndex - a.CreateIndex)[0];
  return Object.entries(newest?.FailedTGAllocs ?? {}).map(([group, metrics]) => {
    const reasons = [
      ...counts(metrics.ConstraintFiltered).map(([what, n]) => `${n} filtered by ${what}`),
      ...counts(metrics.DimensionExhausted).map(([what, n]) => `${n} without enough ${what}`),
    ];
    const all = `${metrics.NodesEvaluated} clients looked at`;
    return `  group '${group}' found no place: ${[all, ...reasons].join(", ")}`;
  });
}

function counts(counted: Readonly<Record<string, number>> | null): [string, number][] {
  return Object.entries(counted ?? {});
}

interface Deployment {
  readonly ID: string;
  readonly Status: string;
  readonly StatusDescription: string;
  readonly CreateIndex: number;
}

interface Allocation {
  readonly ID: string;
  readonly TaskGroup: string;
  readonly NodeName: string;
  readonly ClientStatus: string;
  readonly CreateIndex: number;
  readonly DeploymentStatus: { readonly Healthy: boolean | null } | null;
  readonly TaskStates: Readonly<Record<string, TaskState>> | null;
}

interface TaskState {
  readonly State: string;
  readonly Failed: boolean;
  readonly Restarts: number;
  readonly Events: readonly TaskEvent[] | null;
}

interface TaskEvent {
  readonly Type: string;
  readonly DisplayMessage: string;
  readonly Message: string;
  readonly ExitCode: number;
}

interface Evaluation {
  readonly CreateIndex: number;
  readonly FailedTGAllocs: Readonly<Record<string, PlacementMetrics>> | null;
}

interface PlacementMetrics {
  readonly NodesEvaluated: number;
  readonly ConstraintFiltered: Readonly<Record<string, number>> | null;
  readonly DimensionExhausted: Readonly<Record<string, number>> | null;
}
