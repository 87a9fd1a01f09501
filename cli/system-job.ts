import { setTimeout as sleep } from "node:timers/promises";
import { AgentApi } from "./agent-api";
import { failedAllocationLines, instancesRun } from "./jobs";
import {
  Allocation,
  allocationsOf,
  evaluationsOf,
  JobName,
  jobPath,
  JobStatus,
  jobStatus,
  placementLines,
} from "./nomad";

/** Nomad's own defaults of `update`, in nanoseconds. */
const DEFAULTS = { MinHealthyTime: 10e9, HealthyDeadline: 300e9 };
const STAGGER = 30e9;
/** The part of the stagger in which an instance has to run; the rest is for taking its version back. */
const LATE = 0.8;

/**
 * Follows a system job until its version runs everywhere. Nomad has no deployment for it, and updates one client after the
 * other by the clock, whether it came up or not: so an update that fails is taken back here, before it reaches the next client.
 *
 * @param before its version before this run: only what this run has brought is taken back. Left out: there was none
 * @returns why it failed; undefined where it did not, or where it is no system job
 */
export async function followSystemJob(
  nomad: AgentApi,
  job: JobName,
  before: number | undefined,
  show: (line: string) => void,
): Promise<string | undefined> {
  let shown = "";
  let since = Date.now();
  for (;;) {
    const status = await jobStatus(nomad, job);
    if (status?.Type !== "system" || status.Stop) return undefined;
    const state = await rollOut(nomad, job, status);
    if (state.failed.length > 0) return failure(nomad, job, status, state, before);
    if (state.ended) return undefined;
    if (state.line !== shown) {
      show(`job ${job.id}: ${state.line}`);
      shown = state.line;
      since = Date.now();
    }
    if (Date.now() - since > patience(status)) return failure(nomad, job, status, state, before);
    await sleep(500);
  }
}

/**
 * Waits until Nomad has nothing more to do by the clock for a system job. What is left of an update before, of one that was taken back
 * for example, would be done with the next version, and replace a second instance of it at once.
 */
export async function updateEnded(nomad: AgentApi, job: JobName, show: (line: string) => void): Promise<void> {
  const status = await jobStatus(nomad, job);
  if (status?.Type !== "system" || status.Stop) return;
  const deadline = Date.now() + patience(status);
  while (Date.now() < deadline) {
    const evaluations = await evaluationsOf(nomad, job);
    if (!evaluations.some(({ Status: evaluation }) => evaluation === "pending")) return;
    show(`job ${job.id}: waits until its update before has ended`);
    await sleep(500);
  }
}

interface RollOut {
  readonly allocations: readonly Allocation[];
  /** Of the current version. */
  readonly failed: readonly Allocation[];
  /** Those of them that Nomad itself has not given up. */
  readonly late: readonly Allocation[];
  readonly unhealthy: readonly Allocation[];
  readonly ended: boolean;
  readonly line: string;
}

async function rollOut(nomad: AgentApi, job: JobName, status: JobStatus): Promise<RollOut> {
  const evaluations = await evaluationsOf(nomad, job);
  const allocations = await allocationsOf(nomad, job);
  const wanted = allocations.filter(({ DesiredStatus: desired }) => desired === "run");
  const current = wanted.filter(({ JobVersion: version }) => version === status.Version);
  const unhealthy = current.filter((allocation) => !isHealthy(allocation, times(status).MinHealthyTime / 1e6));
  const nextWaits = current.length < wanted.length;
  const late = unhealthy.filter((one) => !hasFailed(one) && isLate(one, status, nextWaits));
  const failed = current.filter((one) => hasFailed(one) || late.includes(one));
  const waiting = evaluations.some(({ Status: evaluation }) => evaluation === "pending" || evaluation === "blocked");
  const healthy = current.length - unhealthy.length;
  const places = await placementLines(nomad, job);
  return {
    allocations,
    failed,
    late,
    unhealthy,
    ended: !waiting && healthy === wanted.length,
    line: [`${healthy} of ${wanted.length} instances of version ${status.Version} healthy`, ...places].join("; "),
  };
}

/** Every task runs, and has done so for a while. (The end of a task that goes before the others is none of a failure.) */
function isHealthy({ ClientStatus: status, TaskStates: tasks }: Allocation, minimum: number): boolean {
  const states = Object.values(tasks ?? {});
  return (
    status === "running" &&
    states.every(({ State: state, Failed: failed, StartedAt: started }) =>
      state === "running" ? Date.now() - new Date(started ?? 0).getTime() >= minimum : state === "dead" && !failed,
    )
  );
}

/** Nomad's own verdict: a task has failed, or more often than its restart policy allows. */
function hasFailed({ ClientStatus: status, TaskStates: tasks }: Allocation): boolean {
  if (status === "failed") return true;
  return Object.values(tasks ?? {}).some(
    ({ State: state, Failed: failed, Events: events }) =>
      failed || (state !== "running" && (events ?? []).some(isLast)),
  );
}

/**
 * Whether an instance has to be given up before Nomad does so: once the stagger is over, Nomad replaces the next one, also while this
 * one still fetches its image. On a busy machine restarts take so long that Nomad never counts too many: so one counts here.
 */
function isLate(
  { CreateTime: created, TaskStates: tasks }: Allocation,
  status: JobStatus,
  nextWaits: boolean,
): boolean {
  if (Date.now() - created / 1e6 <= (LATE * stagger(status)) / 1e6) return false;
  const states = Object.values(tasks ?? {});
  const starts = states.length === 0 || states.some(({ State: state }) => state === "pending");
  return states.some(({ Restarts: restarts }) => restarts > 0) || (nextWaits && starts);
}

function isLast({ Type: type, RestartReason: reason }: { Type: string; RestartReason: string }): boolean {
  return type === "Not Restarting" || reason.startsWith("Exceeded allowed attempts");
}

async function failure(
  nomad: AgentApi,
  job: JobName,
  status: JobStatus,
  { allocations, failed, late, unhealthy }: RollOut,
  before: number | undefined,
): Promise<string> {
  const { Version: version } = status;
  const told = failed.length > 0 ? failed : unhealthy;
  const where = told.length === 0 ? "" : ` on ${[...new Set(told.map(({ NodeName: node }) => node))].join(", ")}`;
  return [
    `job '${job.id}' failed: version ${version} does not run${where}`,
    ...(await failedAllocationLines(nomad, told)),
    ...(late.length > 0 ? [lateLine(status)] : []),
    ...(await placementLines(nomad, job)).map((line) => `  ${line}`),
    ...(before !== undefined && before < version ? await takeBack(nomad, job, version, before, allocations) : []),
  ].join("\n");
}

function lateLine(status: JobStatus): string {
  const seconds = Math.round(stagger(status) / 1e9);
  return `  does not run in time: Nomad replaces the next instance after ${seconds} s ('update.stagger'), whether this one runs or not`;
}

/** As a deployment with `auto_revert` would do it. */
async function takeBack(
  nomad: AgentApi,
  job: JobName,
  version: number,
  before: number,
  allocations: readonly Allocation[],
): Promise<string[]> {
  const good = allocations.filter((one) => one.JobVersion === before && !hasFailed(one));
  if (good.length === 0) return [];
  const revert = { JobID: job.id, JobVersion: before, EnforcePriorVersion: version };
  await nomad.send("POST", jobPath(job, "/revert"), revert);
  const running = good.filter((one) => one.DesiredStatus === "run" && one.ClientStatus === "running").length;
  return [`  taken back: version ${before} serves on: ${instancesRun(running)}, the others come back`];
}

/** How long nothing may change: an instance gets healthy, and the next one is due. In milliseconds. */
function patience(status: JobStatus): number {
  return (times(status).HealthyDeadline + stagger(status)) / 1e6;
}

/** The time from one client to the next, in nanoseconds. */
function stagger(status: JobStatus): number {
  return status.Update?.Stagger || STAGGER;
}

/** The longest of its groups. */
function times({ TaskGroups: groups }: JobStatus): typeof DEFAULTS {
  const longest = (name: keyof typeof DEFAULTS): number =>
    Math.max(...groups.map(({ Update: update }) => update?.[name] || DEFAULTS[name]));
  return { MinHealthyTime: longest("MinHealthyTime"), HealthyDeadline: longest("HealthyDeadline") };
}
