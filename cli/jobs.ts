import Table from "cli-table3";
import { AgentApi } from "./agent-api";
import {
  Allocation,
  allocationsOf,
  Deployment,
  JobName,
  jobPath,
  jobStatus,
  lastDeployment,
  placementLines,
  Port,
  TaskEvent,
} from "./nomad";

/** An instance of a job as Nomad runs it; only the first one of a job names job and version. */
export interface JobInstance {
  readonly job: string;
  readonly version: string;
  /** Its client, or why there is none. */
  readonly runsOn: string;
  readonly ports: string;
  /** That of Consul's checks where the deployment has a Consul stack, else that of Nomad's own deployment. */
  readonly health: string;
}

/** The jobs of a deployment as Nomad runs them: version, and each instance with its client, its ports and its health. */
export async function instancesOf(
  jobs: readonly JobName[],
  nomad: AgentApi,
  consul?: AgentApi,
): Promise<readonly JobInstance[]> {
  return (await Promise.all(jobs.map((job) => instancesOfJob(job, nomad, consul)))).flat();
}

/** Empty where there are none. */
export function jobTable(instances: readonly JobInstance[]): string {
  if (instances.length === 0) return "";
  const table = new Table({ head: ["job", "version", "runs on", "ports", "health"], style: { head: [], border: [] } });
  for (const { job, version, runsOn, ports, health } of instances) table.push([job, version, runsOn, ports, health]);
  return table.toString();
}

async function instancesOfJob(job: JobName, nomad: AgentApi, consul?: AgentApi): Promise<JobInstance[]> {
  const none = (version: string, runsOn: string): JobInstance => ({
    job: job.id,
    version,
    runsOn,
    ports: "",
    health: "",
  });
  const known = await jobStatus(nomad, job);
  if (known === undefined) return [none("", "not registered")];
  const ids = (await allocationsOf(nomad, job))
    .filter(({ ClientStatus: status, DesiredStatus: desired }) => status === "running" && desired === "run")
    .sort((a, b) => a.NodeName.localeCompare(b.NodeName))
    .map(({ ID: id }) => id);
  // Only an allocation asked for by itself comes with its ports.
  const running = (await Promise.all(ids.map((id) => nomad.get<Allocation>(`/v1/allocation/${id}`)))).filter(
    (allocation) => allocation !== undefined,
  );
  if (running.length === 0) return [none(String(known.Version), "nothing runs")];
  return Promise.all(
    running.map(async (allocation, index) => ({
      job: index === 0 ? job.id : "",
      version: index === 0 ? String(known.Version) : "",
      runsOn: allocation.NodeName,
      ports: portsOf(allocation)
        .map(({ Label: label, Value: value }) => `${label} ${value}`)
        .join(", "),
      health: await healthOf(allocation, consul),
    })),
  );
}

async function healthOf(allocation: Allocation, consul: AgentApi | undefined): Promise<string> {
  const own = allocation.DeploymentStatus?.Healthy;
  const ports = portsOf(allocation).map(({ Value: value }) => value);
  const node = encodeURIComponent(allocation.NodeName);
  const checks = (await consul?.get<ConsulCheck[]>(`/v1/health/node/${node}`)) ?? [];
  // Of `/v1/catalog/node` a token gets only services whose id, not their name, its policy allows.
  const { Services: services } = (await consul?.get<ConsulNode>(`/v1/catalog/node-services/${node}`)) ?? {};
  const portOf = new Map((services ?? []).map(({ ID: id, Port: port }) => [id, port]));
  const states = checks
    .filter(({ ServiceID: id }) => id.includes(allocation.ID) && ports.includes(portOf.get(id) ?? 0))
    .map(({ Status: status }) => status);
  if (states.length === 0) return own === undefined || own === null ? "running" : own ? "healthy" : "unhealthy";
  return ["critical", "warning"].find((state) => states.includes(state)) ?? "passing";
}

function portsOf({ AllocatedResources: resources }: Allocation): readonly Port[] {
  return resources?.Shared.Ports ?? [];
}

interface ConsulCheck {
  readonly ServiceID: string;
  readonly Status: string;
}

interface ConsulNode {
  /** `null` where there are none. */
  readonly Services?: readonly { readonly ID: string; readonly Port: number }[] | null;
}

/** How often a job is asked for while Terraform waits for it, in milliseconds. */
const PERIOD = 1000;

/**
 * Deployments while they run: how far they are, what keeps them, and an end for those that find no place. Nomad itself waits for
 * ever for a client with more room, since its deadlines count from the placement.
 */
export class RunningDeployments {
  /** Since when groups of a deployment have no place, in milliseconds. */
  private readonly waiting = new Map<string, number>();

  /** @returns "0 of 1 in group web healthy; group 'web' found no place: …" */
  async look(nomad: AgentApi, job: JobName, { ID: id, TaskGroups }: Deployment): Promise<string> {
    const health = Object.entries(TaskGroups ?? {}).map(
      ([name, { HealthyAllocs: healthy, DesiredTotal: all }]) => `${healthy} of ${all} in group ${name} healthy`,
    );
    const places = await placementLines(nomad, job);
    if (places.length === 0) this.waiting.delete(id);
    else await this.endLate(nomad, job, id);
    return [health.join(", "), ...(await reasonLines(nomad, id)), ...places].join("; ");
  }

  /** A deployment that is marked as failed is taken back where the job says so, and ends the wait of Terraform's provider. */
  private async endLate(nomad: AgentApi, job: JobName, id: string): Promise<void> {
    const since = this.waiting.get(id) ?? Date.now();
    this.waiting.set(id, since);
    const groups = (await jobStatus(nomad, job))?.TaskGroups ?? [];
    const deadlines = groups.map(({ Update: update }) => (update?.HealthyDeadline ?? 0) / 1e6);
    if (Date.now() - since > Math.max(0, ...deadlines)) await nomad.send("PUT", `/v1/deployment/fail/${id}`, {});
  }
}

/** Shows how far jobs are while Terraform's provider waits for them. @returns what ends it */
export function watchJobs(
  jobs: readonly { readonly nomad: AgentApi; readonly job: JobName }[],
  show: (line: string) => void,
): () => void {
  let stopped = false;
  const shown = new Map<JobName, string>();
  const running = new RunningDeployments();
  const look = async (): Promise<void> => {
    for (const { nomad, job } of jobs) {
      const deployment = await lastDeployment(nomad, job);
      if (stopped || deployment?.Status !== "running") continue;
      const line = await running.look(nomad, job, deployment);
      if (shown.get(job) !== line) show(`job ${job.id}: ${line}`);
      shown.set(job, line);
    }
  };
  const again = (): void => {
    if (stopped) return;
    // An agent that does not answer just now is Terraform's to tell.
    void look()
      .catch(() => undefined)
      .then(() => setTimeout(again, PERIOD));
  };
  again();
  return () => {
    stopped = true;
  };
}

/** How many of a task's last events are shown, and how many lines of what it last wrote. */
const EVENTS = 4;
const LINES = 5;

/**
 * Why a job did not come up, from Nomad itself: the last events of the newest allocation that failed in each group (task,
 * message, exit code), why a group found no place, and which version serves on.
 *
 * @param after index of the newest deployment before this run: only later ones are its own. Left out: the last deployment
 *   counts, whenever it was
 * @returns undefined where Nomad knows of no failure
 */
export async function explainFailure(nomad: AgentApi, job: JobName, after?: number): Promise<string | undefined> {
  const failed = await failedDeployment(nomad, job, after);
  const places = (await placementLines(nomad, job, failed)).map((line) => `  ${line}`);
  if (failed === undefined) return places.length === 0 ? undefined : [`job '${job.id}' failed`, ...places].join("\n");
  const allocations = await nomad.get<Allocation[]>(`/v1/deployment/allocations/${failed.ID}`);
  return [
    `job '${job.id}' failed: ${failed.StatusDescription}`,
    ...(await failedAllocationLines(nomad, (allocations ?? []).filter(isFailed))),
    ...places,
    ...(await servingLines(nomad, job, failed)),
  ].join("\n");
}

/** Tasks, events and last output of the newest allocation of each group. */
export async function failedAllocationLines(nomad: AgentApi, failed: readonly Allocation[]): Promise<string[]> {
  const newest = [...failed].sort((a, b) => a.CreateIndex - b.CreateIndex);
  const last = [...new Map(newest.map((allocation) => [allocation.TaskGroup, allocation])).values()];
  return (await Promise.all(last.map((one) => allocationLines(nomad, one)))).flat();
}

/** Events that tell why a task does not run; the others tell what Nomad does about it. */
const REASONS = ["Driver Failure", "Terminated", "Setup Failure", "Failed Validation", "Failed Artifact Download"];

/** In one line for each group, why its newest allocation that failed did: while a deployment runs, and others may yet succeed. */
async function reasonLines(nomad: AgentApi, deployment: string): Promise<string[]> {
  const allocations = (await nomad.get<Allocation[]>(`/v1/deployment/allocations/${deployment}`)) ?? [];
  const newest = allocations.filter(isFailed).sort((a, b) => a.CreateIndex - b.CreateIndex);
  const reasons = newest.flatMap(({ TaskGroup: group, NodeName: machine, TaskStates: tasks }) =>
    Object.entries(tasks ?? {}).flatMap(([task, { Events: events }]) => {
      const told = (events ?? []).filter(({ Type: type }) => REASONS.includes(type)).at(-1);
      return told === undefined
        ? []
        : [[group, `task '${task}' of group '${group}' on ${machine}: ${eventLine(told)}`] as const];
    }),
  );
  return [...new Map(reasons).values()];
}

/** "1 instance runs", "2 instances run" */
export function instancesRun(count: number): string {
  return count === 1 ? "1 instance runs" : `${count} instances run`;
}

/** A deployment that was taken back by itself is followed by that of the version before. */
async function failedDeployment(nomad: AgentApi, job: JobName, after?: number): Promise<Deployment | undefined> {
  if (after === undefined) {
    const last = await lastDeployment(nomad, job);
    return last?.Status === "failed" ? last : undefined;
  }
  const deployments = (await nomad.get<Deployment[]>(jobPath(job, "/deployments"))) ?? [];
  return deployments
    .filter(({ Status: status, CreateIndex: index }) => status === "failed" && index > after)
    .sort((a, b) => b.CreateIndex - a.CreateIndex)[0];
}

async function servingLines(nomad: AgentApi, job: JobName, failed: Deployment): Promise<string[]> {
  const others = (await allocationsOf(nomad, job)).filter(
    ({ JobVersion: version, DesiredStatus: desired, ClientStatus: status }) =>
      version !== failed.JobVersion && desired === "run" && status === "running",
  );
  const back = /rolling back to job version (\d+)/.exec(failed.StatusDescription)?.[1];
  const version = back ?? others[0]?.JobVersion;
  if (version === undefined) return [];
  return others.length > 0
    ? [`  version ${version} serves on: ${instancesRun(others.length)}`]
    : [`  version ${version} comes back: none of its instances runs yet`];
}

function isFailed({ ClientStatus: status, DeploymentStatus: health, TaskStates: tasks }: Allocation): boolean {
  return status === "failed" || health?.Healthy === false || Object.values(tasks ?? {}).some((task) => task.Failed);
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
