import { allRendered, ApiMigrate, ApiReschedule, ApiRestart, ApiUpdate, defined } from "./api";
import { nanoseconds, parseDuration } from "../private/duration";
import type { JobValidation } from "./shape";

/**
 * How a new version replaces the old one.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/update
 */
export interface UpdateOptions {
  /** Number of instances replaced at a time. 0 turns deployments off. @default 1 - Nomad's */
  readonly maxParallel?: number;
  /** What makes an instance healthy. @default "checks" - Nomad's */
  readonly healthCheck?: "checks" | "task_states" | "manual";
  /** How long an instance must be healthy before the next is replaced. @default "10s" - Nomad's */
  readonly minHealthyTime?: string;
  /** Time in which an instance must get healthy, image pull included. @default "5m" - Nomad's */
  readonly healthyDeadline?: string;
  /** Time in which the next instance must get healthy, else the deployment fails. "0s" fails at the first unhealthy one. @default "10m" - Nomad's */
  readonly progressDeadline?: string;
  /**
   * System jobs: time between clients. Set it in the job, not in a group. Nomad before 1.11 only waits for this time, whether
   * the new instance is healthy or not.
   *
   * @default - system jobs: the time that an instance takes to leave and its successor to get requests, at least "30s"
   */
  readonly stagger?: string;
  /** Whether a failed deployment goes back to the last good version. @default false - Nomad's */
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
  readonly attempts?: number;
  readonly interval?: string;
  readonly delay?: string;
  /** After the last attempt: `delay` tries again after the interval, `fail` gives up on this client. */
  readonly mode?: "fail" | "delay";
  readonly renderTemplates?: boolean;
}

/**
 * Placement of an instance that failed, or whose client is lost, on another client.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/reschedule
 */
export interface RescheduleOptions {
  readonly attempts?: number;
  readonly interval?: string;
  /** At least 5s. */
  readonly delay?: string;
  readonly delayFunction?: "constant" | "exponential" | "fibonacci";
  readonly maxDelay?: string;
  readonly unlimited?: boolean;
}

/**
 * How instances move away from a client that is drained.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/migrate
 */
export interface MigrateOptions {
  readonly maxParallel?: number;
  readonly healthCheck?: "checks" | "task_states";
  readonly minHealthyTime?: string;
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
    rule: "must go with 'canary', for there is nothing to promote",
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
