import { WEIGHT_META } from "../consul";
import { durationOf, secondsOf } from "../private/duration";
import { allRendered, ApiService, copied, defined, listed } from "./api";
import { Check } from "./check";
import type { GroupOptions } from "./group";
import { cureForLabel, JobShape, JobValidation, listOf, ServiceNames } from "./shape";

/**
 * One port of a group or task in the catalog. Each port needs its own name, because instances with one name are treated as interchangeable.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/service
 */
export interface JobServiceOptions {
  /** Label of its port. Not a number: a number is registered without an address. @default - the group's only port */
  readonly port?: string;
  /** Name in the catalog: letters, digits and hyphens, 63 at most. @default - JOB-GROUP, in a task JOB-GROUP-TASK, as Nomad does */
  readonly name?: string;
  /** Catalog in which it is registered. @default "consul" */
  readonly provider?: "consul" | "nomad";
  /** Address that is registered. @default "auto" - Nomad's: the client's, unless the driver has its own */
  readonly addressMode?: "auto" | "host" | "alloc" | "driver";
  /** Health checks of each instance. @default - none */
  readonly checks?: readonly Check[];
  /** Tags of each instance. @default - none */
  readonly tags?: readonly string[];
  /** Replaces the tags while the instance is a canary. @default - the tags */
  readonly canaryTags?: readonly string[];
  /** Metadata of each instance. @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** Replaces the meta while the instance is a canary. @default - the meta */
  readonly canaryMeta?: Readonly<Record<string, string>>;
  /**
   * Weight of each instance in directors with a weighted scheduler, 1 to 65535. It is registered as `vipstack-weight` of the
   * service's meta, because Nomad before 1.10 registers no weights.
   *
   * @default - 1, Consul's
   */
  readonly weight?: number;
  /** Which results of the checks count as healthy in a deployment. @default "require_healthy" - Nomad's */
  readonly onUpdate?: "require_healthy" | "ignore_warnings" | "ignore";
}

/** A service with what was left out filled in. */
export interface NamedService {
  /** How the user names it, for errors. */
  readonly written: ServiceNames;
  readonly group: string;
  readonly task?: string;
  readonly name: string;
  /** Nothing where it can't be known: a failure. */
  readonly port?: string;
  readonly options: JobServiceOptions;
}

/** Every service of a job's groups and tasks, with its name and its port. */
export function servicesOf(
  job: string,
  groups: Readonly<Record<string, GroupOptions>>,
  shape: JobShape,
): NamedService[] {
  return Object.entries(groups).flatMap(([group, { ports = {}, services, tasks }]) => {
    const labels = Object.keys(ports);
    const onlyPort = labels.length === 1 ? labels[0] : undefined;
    const named = (list: readonly JobServiceOptions[] = [], task?: string): NamedService[] =>
      list.map((options, index) => ({
        written: shape.service(group, task, index),
        group,
        task,
        name: options.name ?? [job, group, ...(task === undefined ? [] : [task])].join("-"),
        port: options.port ?? onlyPort,
        options,
      }));
    return [...named(services), ...Object.entries(tasks).flatMap(([task, each]) => named(each.services, task))];
  });
}

/** How long its checks take at worst to notice a change, as a Go duration: `"0s"` without a check. */
export function checkLagOf({ checks = [] }: JobServiceOptions): string {
  const lags = checks.map(({ failures, interval, timeout }) => failures * (secondsOf(interval) + secondsOf(timeout)));
  return durationOf(Math.max(0, ...lags));
}

export function renderService({ name, port, options }: NamedService, onlyTask: string | undefined): ApiService {
  const {
    provider,
    addressMode,
    checks,
    tags,
    canaryTags,
    meta,
    canaryMeta,
    onUpdate,
    weight,
    ...rest
  }: Omit<JobServiceOptions, "name" | "port"> = options;
  allRendered(rest);
  return defined({
    Name: name,
    PortLabel: port ?? "",
    Provider: provider ?? "consul",
    AddressMode: addressMode,
    Tags: listed(tags, (tag) => tag),
    CanaryTags: listed(canaryTags, (tag) => tag),
    Meta: withWeight(meta, weight),
    // Canary meta takes the place of the meta.
    CanaryMeta: canaryMeta && withWeight(canaryMeta, weight),
    OnUpdate: onUpdate,
    Checks: listed(checks, (check) => check._render(onlyTask, provider ?? "consul")),
  });
}

function withWeight(
  meta: Readonly<Record<string, string>> | undefined,
  weight: number | undefined,
): Record<string, string> | undefined {
  return weight === undefined ? copied(meta) : { ...meta, [WEIGHT_META]: String(weight) };
}

/** Nomad and Consul register themselves under these. */
const RESERVED = ["consul", "nomad", "nomad-client"];

/** Checks the services of a job, each for itself and all together. */
export function validateServices(
  validation: JobValidation,
  services: readonly NamedService[],
  groups: Readonly<Record<string, GroupOptions>>,
): void {
  for (const service of services) validateService(validation, service, groups[service.group]);
  validateNamesDiffer(validation, services);
  validateProviders(validation, services);
}

function validateService(validation: JobValidation, service: NamedService, group: GroupOptions | undefined): void {
  const { name, port, options, written } = service;
  const { weight, provider = "consul", checks = [], addressMode } = options;
  const labels = Object.keys(group?.ports ?? {});
  const tasks = Object.keys(group?.tasks ?? {});
  // What Nomad puts in is letters for this purpose.
  const literal = name.replaceAll(/\$\{[^}]*\}/g, "x");
  validation.require(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(literal), {
    property: `${written.at}.name`,
    rule: "must be letters, digits and hyphens, 63 at most",
    got: name,
    cure: "for example 'hello-world-servers'",
  });
  validation.integer(`${written.at}.weight`, weight, 1, 65535, "1 is usual");
  validation.refuse(
    weight !== undefined && provider === "nomad",
    `${written.at}.weight`,
    "provider 'nomad', which directors don't follow",
    weight,
    "leave 'provider' out to use Consul",
  );
  validation.require(!RESERVED.includes(name), {
    property: `${written.at}.name`,
    rule: "can't be a name that Consul and Nomad use themselves",
    got: name,
    cure: "choose another one",
  });
  validateLabel(validation, written.port, port, labels);
  for (const [index, check] of checks.entries()) {
    const at = written.check(index);
    check._validate(validation, at, provider);
    if (check.port !== undefined) validateLabel(validation, `${at}.port`, check.port, labels);
    const { TaskName: task } = check._script;
    const runsIn = task === undefined ? tasks.length === 1 : tasks.includes(task);
    validation.require(check.type !== "script" || service.task !== undefined || runsIn, {
      property: `${at}.task`,
      rule: `must be a task of the group${listOf(tasks)}, which the script is run in`,
      got: task,
      cure: "name one of them",
    });
    validation.require(provider !== "nomad" || check.type === "http" || check.type === "tcp", {
      property: at,
      rule: "must be Check.http or Check.tcp with provider 'nomad'",
      got: check.type,
      cure: "leave 'provider' out to use Consul",
    });
  }
  const owner = validation.shape.task(service.group, tasks[0] ?? "TASK");
  validation.require(addressMode !== "driver" || service.task !== undefined, {
    property: `${written.at}.addressMode`,
    rule: "can be 'driver' in a task's service only",
    got: addressMode,
    // The main task of a web job has no services of its own.
    cure: owner === "" ? "use 'alloc'" : `move the service to ${owner}services, or use 'alloc'`,
  });
}

function validateLabel(
  validation: JobValidation,
  property: string,
  label: string | undefined,
  labels: readonly string[],
): void {
  const numeric = label !== undefined && /^\d+$/.test(label);
  validation.require(!numeric, {
    property,
    rule: "must be a label, because a number is registered without an address",
    got: label,
    cure: `add it to 'ports': { www: { static: ${label ?? ""} } }, and use the label`,
  });
  validation.require(numeric || (label !== undefined && labels.includes(label)), {
    property,
    rule: `must be a label of the group's ports${listOf(labels)}`,
    got: label,
    cure: label === undefined && labels.length > 1 ? "say which one" : cureForLabel(labels),
  });
}

/** Two ports under one name would be taken for two instances of the same thing. */
function validateNamesDiffer(validation: JobValidation, services: readonly NamedService[]): void {
  const first = new Map<string, NamedService>();
  for (const service of services) {
    const earlier = first.get(service.name);
    first.set(service.name, earlier ?? service);
    validation.require(earlier === undefined, {
      property: `${service.written.at}.name`,
      rule: `can't be the name of ${earlier?.written.at ?? ""}, too, because instances with one name are treated as interchangeable`,
      got: service.name,
      cure: `give it one of its own: name: '${service.name}-${service.port ?? "other"}'`,
    });
  }
}

/** Nomad takes one provider a group. */
function validateProviders(validation: JobValidation, services: readonly NamedService[]): void {
  const groups = new Map<string, string>();
  for (const { group, written, options } of services) {
    const { provider = "consul" } = options;
    const earlier = groups.get(group) ?? provider;
    groups.set(group, earlier);
    validation.require(earlier === provider, {
      property: `${written.at}.provider`,
      rule: `must be '${earlier}' as that of the group's other services`,
      got: provider,
      cure: "use one provider in a group",
    });
  }
}
