import { Finding } from "../private/acknowledgement";
import { Failure } from "../private/failure";
import { JobType } from "./api";
import { ConvergenceBudget } from "../lvs";
import { secondsOf } from "../private/duration";
import type { JobOptions } from "./job-specification";
import type { ConstraintOptions } from "./placement";
import type { NamedService } from "./service";
import type { JobShape } from "./shape";

/**
 * Configurations that Nomad accepts although something goes wrong later. Each can be acknowledged by name on its job: then it is built, with
 * a warning.
 */
export enum JobRefusal {
  /** An instance ends before all directors have noticed that it left, and the requests in between are lost. */
  SHUTDOWN_DELAY_BELOW_LAG = "shutdown-delay-below-lag",
  /** By default a client kills a task after 30s, even if its kill timeout is longer. */
  KILL_TIMEOUT_ABOVE_CLIENT_MAXIMUM = "kill-timeout-above-client-maximum",
  /** Nomad may assign such a port to another job first. */
  STATIC_PORT_IN_DYNAMIC_RANGE = "static-port-in-dynamic-range",
  /** More instances need the port than there are clients, so some are never placed. */
  STATIC_PORT_TAKEN = "static-port-taken",
  /** A canary can't be placed beside the instance that has its port. */
  STATIC_PORT_WITH_CANARY = "static-port-with-canary",
  /** Instances with one name are treated as interchangeable, even those of different jobs. */
  SERVICE_NAME_TAKEN = "service-name-taken",
}

/** A refusal that applies to a job. */
export type JobFinding = Finding<JobRefusal>;

/** A job as its neighbours see it. */
export interface PlacedJob {
  readonly path: string;
  readonly name: string;
  readonly options: JobOptions;
  readonly shape: JobShape;
  readonly services: readonly NamedService[];
}

const CLIENT_MAXIMUM_KILL_TIMEOUT = 30;

/** Delays that lose requests, and ports that are given away. */
export function ownFindings(
  { options, shape, services }: PlacedJob,
  {
    dynamicPorts,
    budgets,
    followed,
  }: {
    readonly dynamicPorts: { readonly min: number; readonly max: number };
    /** Of each service; the first one of a group is what its shutdown delay is measured by. */
    readonly budgets: ReadonlyMap<NamedService, ConvergenceBudget>;
    /** Groups of services that get requests by their catalog entries. */
    readonly followed: ReadonlySet<string>;
  },
): JobFinding[] {
  const { min, max } = dynamicPorts;
  return Object.entries(options.groups).flatMap(([group, { shutdownDelay, ports = {}, tasks }]) => {
    const at = shape.group(group);
    const registered = services.filter((service) => service.group === group);
    const served = registered.some(({ options: { provider = "consul" } }) => provider === "consul");
    const [budget] = registered.map((service) => budgets.get(service));
    const delays =
      served && (shutdownDelay !== undefined || followed.has(group))
        ? (budget?.failures(`${at}shutdownDelay`, shutdownDelay) ?? [])
        : [];
    return [
      ...delays.map((failure) => ({ refusal: JobRefusal.SHUTDOWN_DELAY_BELOW_LAG, failure })),
      ...Object.entries(tasks)
        .filter(([, { killTimeout }]) => secondsOf(killTimeout) > CLIENT_MAXIMUM_KILL_TIMEOUT)
        .map(([task, { killTimeout }]) => ({
          refusal: JobRefusal.KILL_TIMEOUT_ABOVE_CLIENT_MAXIMUM,
          failure: {
            property: `${shape.task(group, task)}killTimeout`,
            rule: `must be at most ${CLIENT_MAXIMUM_KILL_TIMEOUT}s, a client's default max_kill_timeout, or the task is killed before`,
            got: killTimeout,
            cure: `use '${CLIENT_MAXIMUM_KILL_TIMEOUT}s', or raise max_kill_timeout on every client`,
          },
        })),
      ...Object.entries(ports)
        .filter(([, port]) => port.static !== undefined && port.static >= min && port.static <= max)
        .map(([label, port]) => ({
          refusal: JobRefusal.STATIC_PORT_IN_DYNAMIC_RANGE,
          failure: {
            property: `${at}ports.${label}.static`,
            rule: `can't lie in the dynamic range ${min} to ${max}, where Nomad may give it to another job first`,
            got: port.static,
            cure: "choose a port outside, or leave 'static' out",
          },
        })),
    ];
  });
}

/** What two jobs can't both have: others that share none of these words are no neighbours to look at. */
export function sharedWords({ name, options, services }: PlacedJob): string[] {
  const ports = Object.values(options.groups).flatMap((group) => Object.values(group.ports ?? {}));
  return [
    `job ${name}`,
    ...services.map((service) => `service ${service.name}`),
    ...ports.flatMap(({ static: port }) => (port === undefined ? [] : [`port ${port}`])),
  ];
}

/** Two jobs of one ID would take turns in replacing each other. */
export function identityFailures(job: PlacedJob, others: readonly PlacedJob[]): Failure[] {
  const identity = ({ name, options: { namespace = "", region = "" } }: PlacedJob): string =>
    [region, namespace, name].join("/");
  const twin = others.find((other) => identity(other) === identity(job));
  if (twin === undefined) return [];
  const rule = `can't be that of ${twin.path}, too: the two jobs would replace each other`;
  return [{ property: "name", rule, got: job.name, cure: "give one of them another name" }];
}

/** What two jobs can't both have, or one job has too often. @param clients how many there are; nothing where it is not known */
export function neighbourFindings(
  job: PlacedJob,
  others: readonly PlacedJob[],
  clients: number | undefined,
): JobFinding[] {
  return [...nameFindings(job, others), ...portFindings(job, others, clients)];
}

function nameFindings(job: PlacedJob, others: readonly PlacedJob[]): JobFinding[] {
  return job.services
    .filter(({ options, name }) => options.provider !== "nomad" && !name.includes("${"))
    .flatMap(({ name, written }) => {
      const other = others.find(({ services }) => services.some((each) => each.name === name));
      if (other === undefined) return [];
      const failure = {
        property: `${written.at}.name`,
        rule: `can't be the name of a service of ${other.path}, too, because instances with one name are treated as interchangeable`,
        got: name,
        cure: "give one of them another name",
      };
      return [{ refusal: JobRefusal.SERVICE_NAME_TAKEN, failure }];
    });
}

/** Instances of a group that want one host port. */
interface StaticPort {
  readonly job: PlacedJob;
  readonly group: string;
  readonly label: string;
  readonly port: number;
  readonly hostNetwork: string;
  /** Instances at a time: all clients' with a system job. */
  readonly count: number;
  readonly canary: number;
  readonly constraints: readonly ConstraintOptions[];
}

function portFindings(job: PlacedJob, others: readonly PlacedJob[], clients: number | undefined): JobFinding[] {
  const foreign = others.flatMap((other) => staticPortsOf(other, clients));
  const own = staticPortsOf(job, clients);
  return own.flatMap((wanted, index) => {
    // Within the job the earlier group reports the pair; between jobs each does.
    const rivals = [...own.slice(index + 1), ...foreign].filter((each) => mayShareClient(wanted, each));
    return [...takenFindings(wanted, rivals, clients), ...canaryFindings(wanted, clients)];
  });
}

function takenFindings(wanted: StaticPort, rivals: readonly StaticPort[], clients: number | undefined): JobFinding[] {
  const instances = [wanted, ...rivals].reduce((sum, { count }) => sum + count, 0);
  if (clients === undefined ? rivals.length === 0 : instances <= clients) return [];
  const [rival] = rivals;
  const property = `${wanted.job.shape.group(wanted.group)}ports.${wanted.label}.static`;
  const room = clients === undefined ? "" : ` of ${clients}`;
  const rule =
    rival === undefined
      ? `can be given once a client, and ${wanted.count} instances are more than the ${clients ?? 0} clients`
      : `can't be that of group '${rival.group}' of ${rival.job.path}, too, because both may run on one client${room}`;
  const cure =
    rival === undefined
      ? "lower 'count', add clients, or leave 'static' out"
      : "choose another port, leave 'static' out, or keep them apart by 'constraints' on one attribute";
  return [{ refusal: JobRefusal.STATIC_PORT_TAKEN, failure: { property, rule, got: wanted.port, cure } }];
}

function canaryFindings({ job, group, count, canary, port }: StaticPort, clients: number | undefined): JobFinding[] {
  if (canary === 0 || clients === undefined || count + canary <= clients) return [];
  const at = job.options.groups[group]?.update === undefined ? "update" : `${job.shape.group(group)}update`;
  const failure = {
    property: `${at}.canary`,
    rule: `must find a client whose port ${port} is free, and ${count} of the ${clients} clients have it taken`,
    got: canary,
    cure: "use canary: 0, or leave 'static' out of the port",
  };
  return [{ refusal: JobRefusal.STATIC_PORT_WITH_CANARY, failure }];
}

function staticPortsOf(job: PlacedJob, clients: number | undefined): StaticPort[] {
  const { type = JobType.SERVICE, groups, constraints = [], update } = job.options;
  const everywhere = type === JobType.SYSTEM || type === JobType.SYSBATCH;
  return Object.entries(groups).flatMap(([group, options]) =>
    Object.entries(options.ports ?? {}).flatMap(([label, { static: port, hostNetwork = "" }]) => {
      if (port === undefined) return [];
      const count = everywhere ? (clients ?? 1) : (options.count ?? 1);
      const canary = everywhere ? 0 : ((options.update ?? update)?.canary ?? 0);
      const all = [...constraints, ...(options.constraints ?? [])];
      return [{ job, group, label, port, hostNetwork, count, canary, constraints: all }];
    }),
  );
}

/** Whether instances of both may want the port of one client. */
function mayShareClient(a: StaticPort, b: StaticPort): boolean {
  const [left, right] = [a.job.options, b.job.options];
  return (
    a.port === b.port &&
    a.hostNetwork === b.hostNetwork &&
    a.count > 0 &&
    b.count > 0 &&
    (left.region ?? "") === (right.region ?? "") &&
    ((left.nodePool ?? "default") === (right.nodePool ?? "default") ||
      [left.nodePool, right.nodePool].includes("all")) &&
    shareDatacenter(left.datacenters ?? ["*"], right.datacenters ?? ["*"]) &&
    !a.constraints.some((one) => b.constraints.some((other) => apart(one, other)))
  );
}

function shareDatacenter(a: readonly string[], b: readonly string[]): boolean {
  return [...a, ...b].some((name) => name.includes("*")) || a.some((name) => b.includes(name));
}

function apart(a: ConstraintOptions, b: ConstraintOptions): boolean {
  const equals = (operator = "="): boolean => ["=", "==", "is"].includes(operator);
  return equals(a.operator) && equals(b.operator) && a.attribute === b.attribute && a.value !== b.value;
}
