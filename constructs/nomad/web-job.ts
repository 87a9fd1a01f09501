import { Construct } from "constructs";
import { JobType } from "./api";
import { Check } from "./check";
import { DriverOptions } from "./driver";
import { GroupOptions, GroupParts } from "./group";
import { Job, JobSettings } from "./job";
import { JobOptions, JobParts } from "./job-specification";
import { ConstraintOptions, SpreadOptions } from "./placement";
import { JobServiceOptions } from "./service";
import { JobShape, serviceNames } from "./shape";
import { TaskOptions, TaskParts } from "./task";
import { RescheduleOptions, RestartOptions, UpdateOptions } from "./update";

/** Properties of a web job: those of one group with one main task, with the names that they have in `Job`. */
export interface WebJobProps
  extends JobParts, Omit<GroupParts, "constraints" | "spreads">, DriverOptions, TaskParts, JobSettings {
  /** Name of the group. The service is named JOB-GROUP. @default "servers" */
  readonly group?: string;
  /** Name of the main task. @default "web" */
  readonly task?: string;
  /** Other tasks of the group, by name: init, sidecars, clean-up. @default - none */
  readonly tasks?: Readonly<Record<string, TaskOptions>>;
  /** Label of the port for requests. @default - the only one of `ports` */
  readonly port?: string;
  /** Health check of the instances. @default Check.http() - GET / every 2s, 3s for an answer */
  readonly check?: Check;
  /** Other properties of the service of `port`: name, tags, address mode, further checks. @default - named JOB-GROUP, as Nomad does */
  readonly service?: Omit<JobServiceOptions, "port">;
  /** Services of other ports, by label. They are named JOB-GROUP-LABEL. @default - none: a port without a service is not in the catalog */
  readonly services?: Readonly<Record<string, Omit<JobServiceOptions, "port">>>;
  /** Conditions that a client must meet. @default - none */
  readonly constraints?: readonly ConstraintOptions[];
  /** Spreads over attributes of clients. @default - evenly over the clients, so that the loss of one client is not the loss of all instances */
  readonly spreads?: readonly SpreadOptions[];
  /** Replacement of instances by a new version. Properties that are left out come from {@link WEB_UPDATE}. @default WEB_UPDATE */
  readonly update?: UpdateOptions;
  /** Restarts on the same client. Properties that are left out come from {@link WEB_RESTART}. @default WEB_RESTART */
  readonly restart?: RestartOptions;
  /** Placement on another client. Properties that are left out come from {@link WEB_RESCHEDULE}. @default WEB_RESCHEDULE */
  readonly reschedule?: RescheduleOptions;
  /** Time for which an instance serves after it was taken out of the catalog. @default "10s" - a director needs 9.5s at worst to notice */
  readonly shutdownDelay?: string;
  /** Time that requests in progress have to end. {@link killSignal} must be a signal at which the server ends gracefully. @default "10s" */
  readonly killTimeout?: string;
}

/**
 * Update of a web job:
 *
 * - One new instance runs beside the old ones and takes requests before anything is replaced (`canary`); when it is healthy the
 *   others follow one by one automatically (`autoPromote`). With a static port there is no room for it beside the old one on
 *   a client: then no canary, and one instance is replaced at a time.
 * - `autoRevert`: a version that does not get healthy is taken back. Without it the next `terraform plan` after a failed update
 *   is empty, so that it would not be tried again.
 * - `minHealthyTime` is two further checks; `healthyDeadline` includes the pull of an image. Failed instances are
 *   tried elsewhere until `progressDeadline`, then the version is taken back.
 */
export const WEB_UPDATE = {
  maxParallel: 1,
  healthCheck: "checks",
  minHealthyTime: "5s",
  healthyDeadline: "2m",
  progressDeadline: "3m",
  autoRevert: true,
  autoPromote: true,
  canary: 1,
} as const satisfies UpdateOptions;

/** Restarts of a web job: a server that crashed is restarted at once; after three times in a minute it moves to another client. */
export const WEB_RESTART = { attempts: 3, interval: "1m", delay: "1s", mode: "fail" } as const satisfies RestartOptions;

/** Rescheduling of a web job: on another client after 5s, Nomad's minimum, then after ever longer delays, without a limit. */
export const WEB_RESCHEDULE = {
  delay: "5s",
  delayFunction: "exponential",
  maxDelay: "5m",
  unlimited: true,
} as const satisfies RescheduleOptions;

/** Migration of a web job: a drained client loses one instance at a time. */
export const WEB_MIGRATE = {
  maxParallel: 1,
  healthCheck: "checks",
  minHealthyTime: "5s",
  healthyDeadline: "2m",
} as const;

/**
 * A web service: instances of one program that answer HTTP on a port of their client, found through Consul.
 *
 * It is a {@link Job} with defaults that lose no request: a check that asks for a page, a new version that proves itself beside
 * the old one and is taken back if it fails, an instance that continues to serve until it gets no requests. Each can be
 * overridden; `docs/jobs.md` gives the reasons.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification
 */
export class WebJob extends Job {
  constructor(scope: Construct, id: string, props: WebJobProps) {
    super(scope, id, { ...picked(props, SETTINGS), ...jobOfWeb(id, props) }, flatShape(props));
  }
}

/** A web job's properties are flat: its group and its main task have no names of their own in errors. */
function flatShape({ task: main = "web", services = {} }: WebJobProps): JobShape {
  const labels = Object.keys(services);
  const taskAt = (task: string): string => (task === main ? "" : `tasks.${task}.`);
  return {
    group: () => "",
    task: (_, task) => taskAt(task),
    taskName: (_, task) => (task === main ? "task" : "tasks"),
    service: (_, task, index) => {
      if (task !== undefined) return serviceNames(`${taskAt(task)}services[${index}]`);
      if (index > 0) return serviceNames(`services.${labels[index - 1] ?? index}`);
      return { at: "service", port: "port", check: (each) => (each === 0 ? "check" : `service.checks[${each - 1}]`) };
    },
  };
}

/**
 * The properties that go to the construct, the job, its group and its task as they are. Each list is checked to be all of its block's: a
 * property that is new there does not compile until it is named here, and then it is handed on.
 */
const JOB_PARTS = namesOf<JobParts>({
  name: true,
  datacenters: true,
  nodePool: true,
  namespace: true,
  region: true,
  priority: true,
  meta: true,
  override: true,
});
const SETTINGS = namesOf<JobSettings>({
  nomad: true,
  discovery: true,
  purgeOnDestroy: true,
  acknowledge: true,
});
const GROUP_PARTS = namesOf<GroupParts>({
  count: true,
  ports: true,
  networkMode: true,
  volumes: true,
  ephemeralDisk: true,
  restart: true,
  reschedule: true,
  migrate: true,
  update: true,
  shutdownDelay: true,
  constraints: true,
  affinities: true,
  spreads: true,
});
const TASK_PARTS = namesOf<DriverOptions & TaskParts>({
  docker: true,
  exec: true,
  rawExec: true,
  driver: true,
  env: true,
  templates: true,
  files: true,
  artifacts: true,
  resources: true,
  volumeMounts: true,
  killTimeout: true,
  killSignal: true,
  user: true,
  logs: true,
});

/** The job that a web job is. */
function jobOfWeb(id: string, props: WebJobProps): JobOptions {
  const { group = "servers", task = "web", tasks = {} } = props;
  return {
    ...picked(props, JOB_PARTS),
    type: JobType.SERVICE,
    groups: {
      [group]: { ...groupOfWeb(props.name ?? id, group, props), tasks: { [task]: taskOfWeb(props), ...tasks } },
    },
  };
}

function groupOfWeb(job: string, group: string, props: WebJobProps): Omit<GroupOptions, "tasks"> {
  const { ports = {}, restart, reschedule, update } = props;
  const fixed = Object.values(ports).some((port) => port.static !== undefined);
  const room = fixed ? { canary: 0, autoPromote: false } : {};
  return {
    ...picked(props, GROUP_PARTS),
    count: props.count ?? 1,
    ports,
    spreads: props.spreads ?? [{ attribute: "${node.unique.id}" }],
    services: servicesOfWeb(job, group, props),
    shutdownDelay: props.shutdownDelay ?? "10s",
    update: { ...WEB_UPDATE, ...room, ...(update?.canary === 0 && { autoPromote: false }), ...update },
    restart: { ...WEB_RESTART, ...restart },
    reschedule: { ...WEB_RESCHEDULE, ...(reschedule?.attempts !== undefined && { unlimited: false }), ...reschedule },
    migrate: props.migrate ?? WEB_MIGRATE,
  };
}

function servicesOfWeb(job: string, group: string, props: WebJobProps): JobServiceOptions[] {
  const { service = {}, services = {}, check = Check.http() } = props;
  const others = Object.entries(services).map(([port, options]) => ({
    name: `${job}-${group}-${port}`,
    ...options,
    port,
  }));
  return [{ ...service, port: props.port, checks: [check, ...(service.checks ?? [])] }, ...others];
}

function taskOfWeb(props: WebJobProps): TaskOptions {
  return { ...picked(props, TASK_PARTS), killTimeout: props.killTimeout ?? "10s" };
}

/** All names of a type's properties: the compiler demands each of them, and no other. */
function namesOf<T>(names: Readonly<Record<keyof T, true>>): (keyof T)[] {
  return Object.keys(names) as (keyof T)[];
}

function picked<T, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  const given: Partial<Pick<T, K>> = {};
  for (const name of names) if (from[name] !== undefined) given[name] = from[name];
  return given as Pick<T, K>;
}
