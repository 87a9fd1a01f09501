/**
 * A part of the job specification in the form of Nomad's API: PascalCase, durations in nanoseconds, ports in two lists. The `override`
 * functions may also set fields that have no name here.
 *
 * @see https://developer.hashicorp.com/nomad/api-docs/json-jobs
 */
export interface ApiObject {
  [field: string]: unknown;
}

/** Type of a job, which decides how Nomad schedules it. */
export enum JobType {
  /** Runs without an end, `count` instances of each group. */
  SERVICE = "service",
  /** Runs until its tasks have ended. */
  BATCH = "batch",
  /** Runs without an end, one instance on every client. */
  SYSTEM = "system",
  /** Runs on every client until its tasks have ended. */
  SYSBATCH = "sysbatch",
}

/** A job in the form of Nomad's API. */
export interface ApiJob extends ApiObject {
  ID: string;
  Name: string;
  Type: string;
  Datacenters: string[];
  Region?: string;
  Namespace?: string;
  NodePool?: string;
  Priority?: number;
  AllAtOnce?: boolean;
  Meta?: Record<string, string>;
  Constraints?: ApiConstraint[];
  Affinities?: ApiAffinity[];
  Spreads?: ApiSpread[];
  Update?: ApiUpdate;
  Periodic?: ApiPeriodic;
  TaskGroups: ApiTaskGroup[];
}

/** A group in the form of Nomad's API. */
export interface ApiTaskGroup extends ApiObject {
  Name: string;
  Count?: number;
  Networks?: ApiNetwork[];
  Services?: ApiService[];
  Tasks: ApiTask[];
  Volumes?: Record<string, ApiVolume>;
  EphemeralDisk?: ApiEphemeralDisk;
  RestartPolicy?: ApiRestart;
  ReschedulePolicy?: ApiReschedule;
  Migrate?: ApiMigrate;
  Update?: ApiUpdate;
  ShutdownDelay?: number;
  Meta?: Record<string, string>;
  Constraints?: ApiConstraint[];
  Affinities?: ApiAffinity[];
  Spreads?: ApiSpread[];
}

/** A task in the form of Nomad's API. */
export interface ApiTask extends ApiObject {
  Name: string;
  Driver: string;
  Config: ApiObject;
  User?: string;
  Leader?: boolean;
  Lifecycle?: { Hook: string; Sidecar?: boolean };
  Env?: Record<string, string>;
  Templates?: ApiTemplate[];
  Artifacts?: ApiArtifact[];
  Resources?: ApiResources;
  Services?: ApiService[];
  VolumeMounts?: ApiVolumeMount[];
  Constraints?: ApiConstraint[];
  Affinities?: ApiAffinity[];
  RestartPolicy?: ApiRestart;
  LogConfig?: ApiLogs;
  Meta?: Record<string, string>;
  KillTimeout?: number;
  KillSignal?: string;
  ShutdownDelay?: number;
}

/** The network of a group in the form of Nomad's API. */
export interface ApiNetwork extends ApiObject {
  Mode?: string;
  DynamicPorts?: ApiPort[];
  ReservedPorts?: ApiPort[];
}

/** A port in the form of Nomad's API. */
export interface ApiPort extends ApiObject {
  Label: string;
  Value?: number;
  To?: number;
  HostNetwork?: string;
}

/** A service in the form of Nomad's API. */
export interface ApiService extends ApiObject {
  Name: string;
  PortLabel: string;
  Provider?: string;
  AddressMode?: string;
  Tags?: string[];
  CanaryTags?: string[];
  Meta?: Record<string, string>;
  CanaryMeta?: Record<string, string>;
  OnUpdate?: string;
  TaskName?: string;
  Checks?: ApiCheck[];
}

/** A check in the form of Nomad's API. */
export interface ApiCheck extends ApiObject {
  Name?: string;
  Type: string;
  PortLabel?: string;
  Interval: number;
  Timeout: number;
  Path?: string;
  Method?: string;
  Body?: string;
  Protocol?: string;
  Header?: Record<string, string[]>;
  TLSServerName?: string;
  TLSSkipVerify?: boolean;
  GRPCService?: string;
  GRPCUseTLS?: boolean;
  Command?: string;
  Args?: string[];
  TaskName?: string;
  AddressMode?: string;
  InitialStatus?: string;
  OnUpdate?: string;
  SuccessBeforePassing?: number;
  FailuresBeforeCritical?: number;
  CheckRestart?: { Limit: number; Grace?: number; IgnoreWarnings?: boolean };
}

/** A template in the form of Nomad's API. */
export interface ApiTemplate extends ApiObject {
  EmbeddedTmpl?: string;
  SourcePath?: string;
  DestPath: string;
  ChangeMode?: string;
  ChangeSignal?: string;
  ChangeScript?: { Command: string; Args?: string[]; Timeout?: number; FailOnError?: boolean };
  Splay?: number;
  Perms?: string;
  Uid?: number;
  Gid?: number;
  LeftDelim?: string;
  RightDelim?: string;
  Envvars?: boolean;
  ErrMissingKey?: boolean;
  Once?: boolean;
  Wait?: { Min: number; Max?: number };
}

/** An artifact in the form of Nomad's API. */
export interface ApiArtifact extends ApiObject {
  GetterSource: string;
  RelativeDest?: string;
  GetterMode?: string;
  GetterOptions?: Record<string, string>;
  GetterHeaders?: Record<string, string>;
}

/** The resources of a task in the form of Nomad's API. */
export interface ApiResources extends ApiObject {
  CPU?: number;
  Cores?: number;
  MemoryMB?: number;
  MemoryMaxMB?: number;
}

/** A constraint in the form of Nomad's API. */
export interface ApiConstraint extends ApiObject {
  LTarget?: string;
  RTarget?: string;
  Operand: string;
}

/** An affinity in the form of Nomad's API. */
export interface ApiAffinity extends ApiConstraint {
  Weight?: number;
}

/** A spread in the form of Nomad's API. */
export interface ApiSpread extends ApiObject {
  Attribute: string;
  Weight?: number;
  SpreadTarget?: { Value: string; Percent: number }[];
}

/** The update of a job or group in the form of Nomad's API. */
export interface ApiUpdate extends ApiObject {
  MaxParallel?: number;
  HealthCheck?: string;
  MinHealthyTime?: number;
  HealthyDeadline?: number;
  ProgressDeadline?: number;
  Stagger?: number;
  AutoRevert?: boolean;
  AutoPromote?: boolean;
  Canary?: number;
}

/** The restarts of a group or task in the form of Nomad's API. */
export interface ApiRestart extends ApiObject {
  Attempts?: number;
  Interval?: number;
  Delay?: number;
  Mode?: string;
  RenderTemplates?: boolean;
}

/** The rescheduling of a group in the form of Nomad's API. */
export interface ApiReschedule extends ApiObject {
  Attempts?: number;
  Interval?: number;
  Delay?: number;
  DelayFunction?: string;
  MaxDelay?: number;
  Unlimited?: boolean;
}

/** The migration of a group in the form of Nomad's API. */
export interface ApiMigrate extends ApiObject {
  MaxParallel?: number;
  HealthCheck?: string;
  MinHealthyTime?: number;
  HealthyDeadline?: number;
}

/** The times of a periodic job in the form of Nomad's API. */
export interface ApiPeriodic extends ApiObject {
  Enabled: boolean;
  SpecType: string;
  Specs: string[];
  ProhibitOverlap?: boolean;
  TimeZone?: string;
}

/** A volume of a group in the form of Nomad's API. */
export interface ApiVolume extends ApiObject {
  Name: string;
  Type: string;
  Source: string;
  ReadOnly?: boolean;
  AccessMode?: string;
  AttachmentMode?: string;
  PerAlloc?: boolean;
}

/** A mount of a volume in the form of Nomad's API. */
export interface ApiVolumeMount extends ApiObject {
  Volume: string;
  Destination: string;
  ReadOnly?: boolean;
  PropagationMode?: string;
}

/** The ephemeral disk of a group in the form of Nomad's API. */
export interface ApiEphemeralDisk extends ApiObject {
  SizeMB?: number;
  Migrate?: boolean;
  Sticky?: boolean;
}

/** The log files of a task in the form of Nomad's API. */
export interface ApiLogs extends ApiObject {
  MaxFiles?: number;
  MaxFileSizeMB?: number;
  Disabled?: boolean;
}

/** Leaves out what is undefined, so that the JSON holds what was given and nothing else. */
export function defined<T extends object>(value: T): T {
  const given: Partial<T> = {};
  for (const key of Object.keys(value) as (keyof T)[]) if (value[key] !== undefined) given[key] = value[key];
  return given as T;
}

/** A list to render, or nothing where there is nothing in it. */
export function listed<From, To>(items: readonly From[] | undefined, render: (item: From) => To): To[] | undefined {
  return items === undefined || items.length === 0 ? undefined : items.map(render);
}

/** A copy that may be changed, or nothing where there is none. */
export function copied<T>(map: Readonly<Record<string, T>> | undefined): Record<string, T> | undefined {
  return map && { ...map };
}

/**
 * Says that every property of some options was looked at. It takes what is left of them, and does not compile where that is a
 * property: a new one can't be dropped silently.
 */
export function allRendered(rest: Readonly<Record<string, never>>): object {
  return rest;
}

/** The escape hatch: it is applied last. */
export function overridden<T>(override: ((value: T) => T) | undefined, value: T): T {
  return override === undefined ? value : override(value);
}
