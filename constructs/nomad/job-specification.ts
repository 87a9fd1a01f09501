import { allRendered, ApiJob, ApiPeriodic, copied, defined, JobType, overridden } from "./api";
import { ConvergenceBudget } from "../lvs";
import { GroupOptions, renderGroup, validateGroup } from "./group";
import { formatDuration, secondsOf } from "../private/duration";
import { PlacementOptions, renderPlacement, validatePlacement, validateSystemPlacement } from "./placement";
import { NamedService, validateServices } from "./service";
import type { JobValidation } from "./shape";
import { renderUpdate, UpdateOptions, validateUpdate } from "./update";

/**
 * Times at which a batch job is started.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/periodic
 */
export interface PeriodicOptions {
  /** Cron expressions, for example `"@daily"`, `"0 3 * * *"`. At least one. */
  readonly crons: readonly string[];
  /** Time zone of the expressions, for example `Europe/Berlin`. @default "UTC" - Nomad's */
  readonly timeZone?: string;
  /** Whether a run is skipped while the previous one still runs. @default false */
  readonly prohibitOverlap?: boolean;
}

/** Properties of a job beside its groups. */
export interface JobParts {
  /** ID and name of the job in Nomad, without white space. @default - the construct's id */
  readonly name?: string;
  /** Datacenters in which it may run. @default ["*"] - all of them */
  readonly datacenters?: readonly string[];
  /** Node pool in which it may run, from Nomad 1.6 on. @default "default" - Nomad's */
  readonly nodePool?: string;
  /** Namespace of the job. @default "default" - Nomad's, or that of the provider */
  readonly namespace?: string;
  /** Region in which it runs. @default - the provider's */
  readonly region?: string;
  /** Priority over other jobs, 1 to 100. @default 50 - Nomad's */
  readonly priority?: number;
  /** Metadata: `${NOMAD_META_name}` in tasks. @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** Changes the job in the form of Nomad's API, groups and tasks included; its result is sent. @default - no change */
  readonly override?: (job: ApiJob) => ApiJob;
}

/**
 * A job specification.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/job
 */
export interface JobOptions extends JobParts, PlacementOptions {
  /** Type of the job. @default JobType.SERVICE */
  readonly type?: JobType;
  /** Update of every group without one. Service and system jobs. @default - Nomad's */
  readonly update?: UpdateOptions;
  /** Times at which the job is started. Batch jobs only. @default - once, at registration */
  readonly periodic?: PeriodicOptions;
  /** Groups by name. At least one. */
  readonly groups: Readonly<Record<string, GroupOptions>>;
}

/** A job as the API takes it, overrides included. */
export function renderJob(name: string, options: JobOptions, services: readonly NamedService[]): ApiJob {
  const job: Omit<JobOptions, "name"> = options;
  const { type, datacenters, nodePool, namespace, region, priority, meta, override, ...more } = job;
  const { update, periodic, groups, constraints, affinities, spreads, ...rest } = more;
  allRendered(rest);
  return overridden(
    override,
    defined({
      ID: name,
      Name: name,
      Type: type ?? JobType.SERVICE,
      Datacenters: [...(datacenters ?? ["*"])],
      Region: region,
      Namespace: namespace,
      NodePool: nodePool,
      Priority: priority,
      Meta: copied(meta),
      ...renderPlacement({ constraints, affinities, spreads }),
      Update:
        type === JobType.SYSTEM ? renderUpdate({ stagger: staggerOf(job), ...update }) : update && renderUpdate(update),
      Periodic: periodic && renderPeriodic(periodic),
      TaskGroups: Object.entries(groups).map(([group, options]) =>
        renderGroup(
          group,
          options,
          services.filter((service) => service.group === group),
        ),
      ),
    }),
  );
}

function renderPeriodic({ crons, timeZone, prohibitOverlap, ...rest }: PeriodicOptions): ApiPeriodic {
  allRendered(rest);
  return defined({
    Enabled: true,
    SpecType: "cron",
    Specs: [...crons],
    ProhibitOverlap: prohibitOverlap,
    TimeZone: timeZone,
  });
}

/** Seconds. */
const NOMADS_STAGGER = 30;

/**
 * The time between clients in an update of a system job. Nomad before 1.11 updates the next client after this time, whether the
 * new instance is healthy or not. So an instance must leave and its successor must get requests within it.
 */
function staggerOf({ groups }: Pick<JobOptions, "groups">): string {
  const spans = Object.values(groups).map(({ shutdownDelay, tasks, services = [] }) => {
    const kill = Math.max(0, ...Object.values(tasks).map(({ killTimeout = "5s" }) => secondsOf(killTimeout)));
    const check = services[0]?.checks?.[0];
    const { interval: checkInterval = "0s", timeout: checkTimeout = "0s" } = check ?? {};
    const { scaleOut } = new ConvergenceBudget({ checkInterval, checkTimeout });
    return scaleOut.reduce((sum, { worst }) => sum + secondsOf(worst), secondsOf(shutdownDelay) + kill);
  });
  return formatDuration(Math.ceil(Math.max(NOMADS_STAGGER, ...spans)) * 1e9);
}

/** Checks what Nomad itself would refuse, or accept and not do: before anything is deployed. */
export function validateJob(
  validation: JobValidation,
  name: string,
  job: JobOptions,
  services: readonly NamedService[],
): void {
  const { type = JobType.SERVICE, priority, periodic, update, groups, datacenters } = job;
  const word = `JobType.${type.toUpperCase()}`;
  const ends = type === JobType.BATCH || type === JobType.SYSBATCH;
  validatePlacement(validation, "", job);
  if (update) validateUpdate(validation, "update", update);
  validation.require(name !== "" && !/[\s\0]/.test(name), {
    property: "name",
    rule: "can't have white space in it",
    got: name,
    cure: "for example 'hello-world'",
  });
  validation.integer("priority", priority, 1, 100, "50 is usual");
  validation.require(datacenters?.length !== 0, {
    property: "datacenters",
    rule: "must name one",
    got: datacenters,
    cure: 'leave it out for all of them, or use ["dc1"]',
  });
  validation.require(Object.keys(groups).length > 0, {
    property: "groups",
    rule: "must name one",
    cure: "for example { web: { tasks: { server: { docker: { … } } } } }",
  });
  const never = `${word}, which never ends`;
  validation.refuse(periodic !== undefined && !ends, "periodic", never, periodic?.crons, "use JobType.BATCH");
  validation.require(periodic?.crons.length !== 0, {
    property: "periodic.crons",
    rule: "must hold a line",
    cure: 'for example ["0 3 * * *"]',
  });
  validation.refuse(update !== undefined && ends, "update", `${word}, which is not replaced while it runs`, undefined);
  if (type === JobType.SYSTEM) validateSystemPlacement(validation, "", job);
  for (const [group, options] of Object.entries(groups)) validateGroup(validation, group, options, type);
  validateServices(validation, services, groups);
}
