export {
  ApiAffinity,
  ApiArtifact,
  ApiCheck,
  ApiConstraint,
  ApiEphemeralDisk,
  ApiJob,
  ApiLogs,
  ApiMigrate,
  ApiNetwork,
  ApiObject,
  ApiPeriodic,
  ApiPort,
  ApiReschedule,
  ApiResources,
  ApiRestart,
  ApiService,
  ApiSpread,
  ApiTask,
  ApiTaskGroup,
  ApiTemplate,
  ApiUpdate,
  ApiVolume,
  ApiVolumeMount,
  JobType,
} from "./api";
export { Check, CheckOptions, CheckRestart, GrpcCheckOptions, HttpCheckOptions, ScriptCheckOptions } from "./check";
export { HostNetwork, NomadClient, NomadClientOptions, NomadClientProps } from "./client";
export { DynamicPorts, INomadCluster, JobCluster, provideCluster } from "./cluster";
export { CommandOptions, DockerOptions, DriverOptions, OtherDriver } from "./driver";
export { JobRefusal } from "./findings";
export { EphemeralDiskOptions, GroupOptions, GroupParts, VolumeOptions } from "./group";
export { Job, JobProps, JobSettings } from "./job";
export { JobOptions, JobParts, PeriodicOptions } from "./job-specification";
export { AffinityOptions, ConstraintOptions, PlacementOptions, SpreadOptions } from "./placement";
export { PortMapping, PortMappings } from "./port";
export { NomadServerAttributes, NomadServer, NomadServerProps } from "./server";
export { JobServiceOptions } from "./service";
export {
  ArtifactOptions,
  LifecycleOptions,
  LogsOptions,
  ResourcesOptions,
  TaskOptions,
  TaskParts,
  VolumeMountOptions,
} from "./task";
export { ChangeMode, ChangeScript, TemplateOptions } from "./template";
export { MigrateOptions, RescheduleOptions, RestartOptions, UpdateOptions } from "./update";
export { WEB_MIGRATE, WEB_RESCHEDULE, WEB_RESTART, WEB_UPDATE, WebJob, WebJobProps } from "./web-job";
