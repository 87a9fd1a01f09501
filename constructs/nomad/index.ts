export { HostNetwork, NomadClient, NomadClientOptions, NomadClientProps } from "./client";
export { clusterOf, DynamicPorts, INomadCluster, JobCluster, provideCluster } from "./cluster";
export { NomadAddressAttributes, NomadServer, NomadServerProps } from "./server";
export { ConvergenceBudget, ConvergenceProps } from "./convergence-budget";
export { Convergence, Hop } from "./convergence-text";
export { JobBase, JobSettings } from "./job-base";
export { Job, JobProps } from "./job";
export { JobOptions, JobParts, JobType, PeriodicOptions } from "./job-options";
export { AffinityOptions, ConstraintOptions, PlacementOptions, SpreadOptions } from "./job-placement";
export { JobRefusal } from "./job-refusal";
export {
  ApiObject,
  ApiJob,
  ApiTaskGroup,
  ApiTask,
  ApiNetwork,
  ApiPort,
  ApiService,
  ApiCheck,
  ApiTemplate,
  ApiArtifact,
  ApiResources,
  ApiConstraint,
  ApiAffinity,
  ApiSpread,
  ApiUpdate,
  ApiRestart,
  ApiReschedule,
  ApiMigrate,
  ApiPeriodic,
  ApiVolume,
  ApiVolumeMount,
  ApiEphemeralDisk,
  ApiLogs,
} from "./job-specification";
export { ChangeMode, ChangeScript, TemplateOptions } from "./job-template";
export { MigrateOptions, RescheduleOptions, RestartOptions, UpdateOptions } from "./job-update";
export { PortMapping, PortMappings } from "./port-mapping";
export {
  Check,
  CheckOptions,
  CheckRestart,
  GrpcCheckOptions,
  HttpCheckOptions,
  ScriptCheckOptions,
} from "./service-check";
export { JobServiceOptions } from "./service-options";
export { CommandOptions, DockerOptions, DriverOptions, OtherDriver } from "./task-driver";
export { EphemeralDiskOptions, GroupOptions, GroupParts, VolumeOptions } from "./task-group";
export {
  ArtifactOptions,
  LifecycleOptions,
  LogsOptions,
  ResourcesOptions,
  TaskOptions,
  TaskParts,
  VolumeMountOptions,
} from "./task-options";
export { WebJob } from "./web-job";
export { WEB_MIGRATE, WEB_RESCHEDULE, WEB_RESTART, WEB_UPDATE, WebJobProps } from "./web-job-options";
