import { PlacementOptions } from "./job-placement";
import { ApiTaskGroup } from "./job-specification";
import { MigrateOptions, RescheduleOptions, RestartOptions, UpdateOptions } from "./job-update";
import { PortMappings } from "./port-mapping";
import { JobServiceOptions } from "./service-options";
import { TaskOptions } from "./task-options";

/** @see https://developer.hashicorp.com/nomad/docs/job-specification/volume */
export interface VolumeOptions {
  /** @default "host" */
  readonly type?: "host" | "csi";
  /** Its name on the client, or its id. */
  readonly source: string;
  /** @default false */
  readonly readOnly?: boolean;
  /** csi only. @default - none */
  readonly accessMode?: string;
  /** csi only. @default - none */
  readonly attachmentMode?: string;
  /** One volume an instance: `source[0]`, `source[1]`, … @default false */
  readonly perAlloc?: boolean;
}

/** @see https://developer.hashicorp.com/nomad/docs/job-specification/ephemeral_disk */
export interface EphemeralDiskOptions {
  /** MiB. @default 300 - Nomad's */
  readonly size?: number;
  /** @default false */
  readonly migrate?: boolean;
  /** @default false */
  readonly sticky?: boolean;
}

/** What a group is made of besides its tasks. */
export interface GroupParts extends PlacementOptions {
  /** Instances, 0 or more. @default 1 */
  readonly count?: number;
  /** Label to mapping: `{ www: { to: 8001 } }`. @default - none */
  readonly ports?: PortMappings;
  /** @default "host" - Nomad's */
  readonly networkMode?: "host" | "bridge" | "none" | (string & {});
  /** Name in the group to volume. @default - none */
  readonly volumes?: Readonly<Record<string, VolumeOptions>>;
  /** @default - Nomad's */
  readonly ephemeralDisk?: EphemeralDiskOptions;
  /** @default - Nomad's */
  readonly restart?: RestartOptions;
  /** Not for system jobs. @default - Nomad's */
  readonly reschedule?: RescheduleOptions;
  /** Service jobs only. @default - Nomad's */
  readonly migrate?: MigrateOptions;
  /** Service and system jobs. @default - the job's */
  readonly update?: UpdateOptions;
  /**
   * How long an instance still serves after it was taken out of the catalog. Followers of the catalog must know it within
   * that time, or requests go to an instance that is gone.
   *
   * @default - none: it is killed at once
   */
  readonly shutdownDelay?: string;
}

/**
 * Tasks that run together on one client.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/group
 */
export interface GroupOptions extends GroupParts {
  /** Name to task. */
  readonly tasks: Readonly<Record<string, TaskOptions>>;
  /** @default - none */
  readonly services?: readonly JobServiceOptions[];
  /** @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** Anything else: gets the group as the API takes it, and returns what is sent. @default - as it is */
  readonly override?: (group: ApiTaskGroup) => ApiTaskGroup;
}
