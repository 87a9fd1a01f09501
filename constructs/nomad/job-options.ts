import { PlacementOptions } from "./job-placement";
import { ApiJob } from "./job-specification";
import { UpdateOptions } from "./job-update";
import { GroupOptions } from "./task-group";

/** How Nomad schedules a job. */
export enum JobType {
  /** Runs on, `count` instances. */
  SERVICE = "service",
  /** Runs to its end. */
  BATCH = "batch",
  /** Runs on, one instance a client. */
  SYSTEM = "system",
  /** Runs to its end, once a client. */
  SYSBATCH = "sysbatch",
}

/** @see https://developer.hashicorp.com/nomad/docs/job-specification/periodic */
export interface PeriodicOptions {
  /** Cron lines, for example `"@daily"`, `"0 3 * * *"`. */
  readonly crons: readonly string[];
  /** For example `Europe/Berlin`. @default "UTC" - Nomad's */
  readonly timeZone?: string;
  /** Whether a run waits for the one before. @default false */
  readonly prohibitOverlap?: boolean;
}

/** What a job is made of besides its groups. */
export interface JobParts {
  /** Its ID and its name in Nomad. No space. @default - the construct's id */
  readonly name?: string;
  /** `["*"]` is all. @default ["*"] */
  readonly datacenters?: readonly string[];
  /** @default "default" - Nomad's */
  readonly nodePool?: string;
  /** @default "default" - Nomad's, or that of the provider */
  readonly namespace?: string;
  /** @default - the provider's */
  readonly region?: string;
  /** 1 to 100. @default 50 - Nomad's */
  readonly priority?: number;
  /** @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** Anything else: gets the job as the API takes it, groups and tasks included, and returns what is sent. @default - as it is */
  readonly override?: (job: ApiJob) => ApiJob;
}

/**
 * A job specification.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/job
 */
export interface JobOptions extends JobParts, PlacementOptions {
  /** @default JobType.SERVICE */
  readonly type?: JobType;
  /** Of every group that has none. Service and system jobs. @default - Nomad's */
  readonly update?: UpdateOptions;
  /** Starts it again and again. Batch jobs. @default - it is started once */
  readonly periodic?: PeriodicOptions;
  /** Name to group. */
  readonly groups: Readonly<Record<string, GroupOptions>>;
}
