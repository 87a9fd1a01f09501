import { allRendered, ApiMigrate, ApiReschedule, ApiRestart, ApiUpdate, defined } from "./api";
import { nanoseconds, parseDuration } from "../private/duration";
import type { JobValidation } from "./shape";

/**
 * Replacement of instances by a new version.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/update
 */
export interface UpdateOptions {
  /** Number of instances replaced at a time. 0 turns deployments off. @default 1 - Nomad's */
  readonly maxParallel?: number;
  /** Condition for a healthy instance. @default "checks" - Nomad's */
  readonly healthCheck?: "checks" | "task_states" | "manual";
  /** Time for which an instance must be healthy before the next is replaced, a Go duration. @default "10s" - Nomad's */
  readonly minHealthyTime?: string;
  /** Time in which an instance must become healthy, image pull included, a Go duration. @default "5m" - Nomad's */
  readonly healthyDeadline?: string;
  /** Time in which the next instance must become healthy, else the deployment fails. "0s" fails at the first unhealthy one. @default "10m" - Nomad's */
  readonly progressDeadline?: string;
  /**
   * Time between two clients of a system job, a Go duration. Set it in the job, not in a group. Nomad before 1.11 only waits for this
   * time, even if the new instance is not healthy.
   *
   * @default - system jobs: the time that an instance needs to leave and its successor to get requests, at least "30s"
   */
  readonly stagger?: string;
  /** Whether a failed deployment is reverted to the last good version. @default false - Nomad's */
  readonly autoRevert?: boolean;
  /** Number of new instances that run beside the old ones before any is replaced. @default 0 - Nomad's */
  readonly canary?: number;
  /** Whether healthy canaries are promoted automatically. @default false - Nomad's */
  readonly autoPromote?: boolean;
}

/**
 * Restarts of a failed task on the same client.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/restart
 */
export interface RestartOptions {
  /** Number of restarts within `interval`, 0 or more. @default 2 - Nomad's; 3 for batch jobs */
  readonly attempts?: number;
  /** Time in which the attempts are counted, a Go duration of at least 5s. @default "30m" - Nomad's; "24h" for batch jobs */
  readonly interval?: string;
  /** Time before a restart, a Go duration. @default "15s" - Nomad's */
  readonly delay?: string;
  /** Action after the last attempt: `delay` tries again after the interval, `fail` gives up on this client. @default "fail" - Nomad's */
  readonly mode?: "fail" | "delay";
  /** Whether templates are rendered again at a restart, from Nomad 1.6.2 on. @default false - Nomad's */
  readonly renderTemplates?: boolean;
}

/**
 * Placement of an instance that failed, or whose client is lost, on another client.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/reschedule
 */
export interface RescheduleOptions {
  /** Number of placements within `interval`; not with `unlimited`. @default - Nomad's: unlimited, for batch jobs 1 */
  readonly attempts?: number;
  /** Time in which the attempts are counted, a Go duration. @default - Nomad's: "24h" for batch jobs */
  readonly interval?: string;
  /** Time before a placement, a Go duration of at least 5s. @default "30s" - Nomad's; "5s" for batch jobs */
  readonly delay?: string;
  /** Growth of the delay. @default "exponential" - Nomad's; "constant" for batch jobs */
  readonly delayFunction?: "constant" | "exponential" | "fibonacci";
  /** Upper limit of the delay, a Go duration of at least 5s. @default "1h" - Nomad's */
  readonly maxDelay?: string;
  /** Whether there is no limit of attempts. @default true - Nomad's; false for batch jobs */
  readonly unlimited?: boolean;
}

/**
 * Move of instances away from a client that is drained.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/migrate
 */
export interface MigrateOptions {
  /** Number of instances that move at a time. @default 1 - Nomad's */
  readonly maxParallel?: number;
  /** Condition for a healthy instance. @default "checks" - Nomad's */
  readonly healthCheck?: "checks" | "task_states";
  /** Time for which an instance must be healthy before the next one moves, a Go duration. @default "10s" - Nomad's */
  readonly minHealthyTime?: string;
  /** Time in which an instance must become healthy, a Go duration. @default "5m" - Nomad's */
  readonly healthyDeadline?: string;
}

export function renderUpdate(update: UpdateOptions): ApiUpdate {
  const {
    maxParallel,
    healthCheck,
    minHealthyTime,
    healthyDeadline,
    progressDeadline,
    stagger,
    autoRevert,
    canary,
    autoPromote,
    ...rest
  } = update;
  allRendered(rest);
  return defined({
    MaxParallel: maxParallel,
    HealthCheck: healthCheck,
    MinHealthyTime: nanoseconds(minHealthyTime),
    HealthyDeadline: nanoseconds(healthyDeadline),
    ProgressDeadline: nanoseconds(progressDeadline),
    Stagger: nanoseconds(stagger),
    AutoRevert: autoRevert,
    AutoPromote: autoPromote,
    Canary: canary,
  });
}

export function renderRestart(restart: RestartOptions): ApiRestart {
  const { attempts, interval, delay, mode, renderTemplates, ...rest } = restart;
  allRendered(rest);
  return defined({
    Attempts: attempts,
    Interval: nanoseconds(interval),
    Delay: nanoseconds(delay),
    Mode: mode,
    RenderTemplates: renderTemplates,
  });
}

export function renderReschedule(reschedule: RescheduleOptions): ApiReschedule {
  const { attempts, interval, delay, delayFunction, maxDelay, unlimited, ...rest } = reschedule;
  allRendered(rest);
  return defined({
    Attempts: attempts,
    Interval: nanoseconds(interval),
    Delay: nanoseconds(delay),
    DelayFunction: delayFunction,
    MaxDelay: nanoseconds(maxDelay),
    Unlimited: unlimited,
  });
}

export function renderMigrate(migrate: MigrateOptions): ApiMigrate {
  const { maxParallel, healthCheck, minHealthyTime, healthyDeadline, ...rest } = migrate;
  allRendered(rest);
  return defined({
    MaxParallel: maxParallel,
    HealthCheck: healthCheck,
    MinHealthyTime: nanoseconds(minHealthyTime),
    HealthyDeadline: nanoseconds(healthyDeadline),
  });
}

/** @param at the update itself: `groups.web.update` */
export function validateUpdate(validation: JobValidation, at: string, update: UpdateOptions): void {
  const { minHealthyTime, healthyDeadline, progressDeadline, stagger, autoPromote, canary = 0 } = update;
  for (const [name, text] of Object.entries({ minHealthyTime, healthyDeadline, progressDeadline, stagger }))
    validation.duration(`${at}.${name}`, text);
  const [healthy, deadline, progress] = [minHealthyTime ?? "10s", healthyDeadline ?? "5m", progressDeadline ?? "10m"];
  validation.require(isShorter(healthy, deadline), {
    property: `${at}.minHealthyTime`,
    rule: `must be below 'healthyDeadline' (${deadline}), or no instance is ever healthy`,
    got: healthy,
    cure: "shorten it, or raise 'healthyDeadline'",
  });
  validation.require(parseDuration(progress) === 0 || isShorter(deadline, progress), {
    property: `${at}.healthyDeadline`,
    rule: `must be below 'progressDeadline' (${progress})`,
    got: deadline,
    cure: "shorten it, or raise 'progressDeadline'",
  });
  validation.require(autoPromote !== true || canary !== 0, {
    property: `${at}.autoPromote`,
    rule: "must go with 'canary', because otherwise there is nothing to promote",
    got: true,
    cure: "use canary: 1, or leave 'autoPromote' out",
  });
}

/** @param at the start of the property's name: `groups.web.` */
export function validateRestart(validation: JobValidation, at: string, restart: RestartOptions = {}): void {
  const { attempts = 0, delay = "0s", interval } = restart;
  const longest = attempts * (parseDuration(delay) ?? 0);
  validation.require(interval === undefined || longest <= (parseDuration(interval) ?? longest), {
    property: `${at}restart.attempts`,
    rule: `must fit into 'interval' (${interval ?? ""}) with a 'delay' of ${delay} each`,
    got: attempts,
    cure: "raise 'interval', or lower one of the two",
  });
  validation.duration(`${at}restart.interval`, interval, "5s");
  validation.duration(`${at}restart.delay`, restart.delay);
}

/** @param at the start of the property's name: `groups.web.` */
export function validateReschedule(validation: JobValidation, at: string, reschedule: RescheduleOptions = {}): void {
  const { attempts = 0, interval, delay, maxDelay, unlimited } = reschedule;
  validation.refuse(
    unlimited === true && attempts > 0,
    `${at}reschedule.attempts`,
    "'unlimited'",
    attempts,
    "use one of them",
  );
  validation.duration(`${at}reschedule.interval`, interval);
  validation.duration(`${at}reschedule.delay`, delay, "5s");
  validation.duration(`${at}reschedule.maxDelay`, maxDelay, "5s");
}

/** @param at the start of the property's name: `groups.web.` */
export function validateMigrate(validation: JobValidation, at: string, migrate: MigrateOptions = {}): void {
  validation.duration(`${at}migrate.minHealthyTime`, migrate.minHealthyTime);
  validation.duration(`${at}migrate.healthyDeadline`, migrate.healthyDeadline);
}

/** Texts that are no durations pass: they are failures of their own. */
function isShorter(a: string, b: string): boolean {
  const [left, right] = [parseDuration(a), parseDuration(b)];
  return left === undefined || right === undefined || left < right;
}
