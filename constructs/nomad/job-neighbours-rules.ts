import { Failure } from "../private/failure";
import { PlacedJob } from "./job-findings-rules";
import { JobType } from "./job-options";
import { ConstraintOptions } from "./job-placement";
import { JobFinding, JobRefusal } from "./job-refusal";

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
  const rule = `must be its own, and ${twin.path} is called so, too: they would replace each other`;
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
    .flatMap(({ name, at }) => {
      const other = others.find(({ services }) => services.some((each) => each.name === name));
      if (other === undefined) return [];
      const failure = {
        property: `${at}.name`,
        rule: `can't be the name of a service of ${other.path}, too, because instances of one name are taken for equals`,
        got: name,
        cure: "give one of them another name",
      };
      return [{ refusal: JobRefusal.SERVICE_NAME_TAKEN, failure }];
    });
}

/** Instances of a group that want one host port. */
interface Claim {
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
  const foreign = others.flatMap((other) => claimsOf(other, clients));
  const own = claimsOf(job, clients);
  return own.flatMap((claim, index) => {
    // Within the job the earlier group reports the pair; between jobs each does.
    const rivals = [...own.slice(index + 1), ...foreign].filter((each) => meet(claim, each));
    return [...takenFindings(claim, rivals, clients), ...canaryFindings(claim, clients)];
  });
}

function takenFindings(claim: Claim, rivals: readonly Claim[], clients: number | undefined): JobFinding[] {
  const wanted = [claim, ...rivals].reduce((sum, { count }) => sum + count, 0);
  if (clients === undefined ? rivals.length === 0 : wanted <= clients) return [];
  const [rival] = rivals;
  const place = `${claim.job.places.group(claim.group)}ports.${claim.label}.static`;
  const room = clients === undefined ? "" : ` of ${clients}`;
  const rule =
    rival === undefined
      ? `can be given once a client, and ${claim.count} instances are more than the ${clients ?? 0} clients`
      : `can't be that of group '${rival.group}' of ${rival.job.path}, too, because both may run on one client${room}`;
  const cure =
    rival === undefined
      ? "lower 'count', add clients, or leave 'static' out"
      : "choose another port, leave 'static' out, or keep them apart by 'constraints' on one attribute";
  return [{ refusal: JobRefusal.STATIC_PORT_TAKEN, failure: { property: place, rule, got: claim.port, cure } }];
}

function canaryFindings({ job, group, count, canary, port }: Claim, clients: number | undefined): JobFinding[] {
  if (canary === 0 || clients === undefined || count + canary <= clients) return [];
  const at = job.options.groups[group]?.update === undefined ? "update" : `${job.places.group(group)}update`;
  const failure = {
    property: `${at}.canary`,
    rule: `must find a client whose port ${port} is free, and ${count} of the ${clients} clients have it taken`,
    got: canary,
    cure: "use canary: 0, or leave 'static' out of the port",
  };
  return [{ refusal: JobRefusal.STATIC_PORT_WITH_CANARY, failure }];
}

function claimsOf(job: PlacedJob, clients: number | undefined): Claim[] {
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
function meet(a: Claim, b: Claim): boolean {
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
