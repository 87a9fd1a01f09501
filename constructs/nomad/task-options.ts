import { PlacementOptions } from "./job-placement";
import { ApiTask } from "./job-specification";
import { TemplateOptions } from "./job-template";
import { RestartOptions } from "./job-update";
import { JobServiceOptions } from "./service-options";
import { DriverOptions } from "./task-driver";

/**
 * What a task may use of its client.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/resources
 */
export interface ResourcesOptions {
  /** MHz, a share rather than a limit. @default 100 - Nomad's; nothing where cores are given */
  readonly cpu?: number;
  /** Whole cores for this task alone; instead of `cpu`. @default - none */
  readonly cores?: number;
  /** MiB. @default 300 - Nomad's */
  readonly memory?: number;
  /** MiB that it may take while there is room, where the cluster allows that. @default - `memory` */
  readonly memoryMax?: number;
}

/** @see https://developer.hashicorp.com/nomad/docs/job-specification/artifact */
export interface ArtifactOptions {
  /** A URL, as go-getter takes it. */
  readonly source: string;
  /** In the task's folder. @default "local/" - Nomad's */
  readonly destination?: string;
  /** @default "any" - Nomad's */
  readonly mode?: "any" | "file" | "dir";
  /** For example `{ checksum: "sha256:…" }`. @default - none */
  readonly options?: Readonly<Record<string, string>>;
  /** @default - none */
  readonly headers?: Readonly<Record<string, string>>;
}

/** @see https://developer.hashicorp.com/nomad/docs/job-specification/lifecycle */
export interface LifecycleOptions {
  readonly hook: "prestart" | "poststart" | "poststop";
  /** Whether it goes on beside the main tasks. @default false */
  readonly sidecar?: boolean;
}

/** @see https://developer.hashicorp.com/nomad/docs/job-specification/volume_mount */
export interface VolumeMountOptions {
  /** Its name in the group. */
  readonly volume: string;
  /** A path in the task. */
  readonly destination: string;
  /** @default false */
  readonly readOnly?: boolean;
  /** @default "private" - Nomad's */
  readonly propagationMode?: string;
}

/** @see https://developer.hashicorp.com/nomad/docs/job-specification/logs */
export interface LogsOptions {
  /** @default 10 - Nomad's */
  readonly maxFiles?: number;
  /** MiB. @default 10 - Nomad's */
  readonly maxFileSize?: number;
  /** @default false */
  readonly disabled?: boolean;
}

/** What a task is made of besides its driver and its placement. */
export interface TaskParts {
  /** @default - none */
  readonly env?: Readonly<Record<string, string>>;
  /** @default - none */
  readonly templates?: readonly TemplateOptions[];
  /**
   * Path below the task's `local` folder to text that arrives there byte for byte: `{ "index.html": "<h1>Hello</h1>" }`. For
   * `{{ … }}` use `templates`.
   *
   * @default - none
   */
  readonly files?: Readonly<Record<string, string>>;
  /** @default - none */
  readonly artifacts?: readonly ArtifactOptions[];
  /** @default - Nomad's: 100 MHz, 300 MiB */
  readonly resources?: ResourcesOptions;
  /** @default - none */
  readonly volumeMounts?: readonly VolumeMountOptions[];
  /** How long it may take to end after {@link killSignal}, 30s at most on a client with default settings. @default "5s" - Nomad's */
  readonly killTimeout?: string;
  /** What ends it. @default - docker: the image's STOPSIGNAL, else SIGTERM; exec and raw_exec: SIGINT */
  readonly killSignal?: string;
  /** @default - the image's, or the driver's */
  readonly user?: string;
  /** @default - Nomad's */
  readonly logs?: LogsOptions;
}

/**
 * One program.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/task
 */
export interface TaskOptions extends DriverOptions, TaskParts, Omit<PlacementOptions, "spreads"> {
  /** @default - a main task */
  readonly lifecycle?: LifecycleOptions;
  /** Whether the group's other tasks end with it. @default false */
  readonly leader?: boolean;
  /** Services of this task alone. @default - none */
  readonly services?: readonly JobServiceOptions[];
  /** @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** In place of the group's. @default - the group's */
  readonly restart?: RestartOptions;
  /** Time between the end of its services and the kill signal; the group's comes on top. @default "0s" - Nomad's */
  readonly shutdownDelay?: string;
  /** Anything else: gets the task as the API takes it, and returns what is sent. @default - as it is */
  readonly override?: (task: ApiTask) => ApiTask;
}
