export { AgentProfile, Installation, ReleaseOptions, VendorAptOptions } from "./agents";
export * from "./apisix";
export * from "./caddy";
export {
  AgentCheck,
  AgentCheckTimes,
  AgentHttpCheckOptions,
  AgentService,
  AgentServiceProps,
  ConfigEntry,
  ConfigEntryFields,
  ConfigEntryKind,
  ConfigEntryProps,
  ConsulServerAttributes,
  ConsulClient,
  ConsulClientProps,
  ConsulKeys,
  ConsulKeysProps,
  ConsulServer,
  ConsulServerProps,
  ConsulService,
  ExternalNode,
  ExternalNodeProps,
  ExternalServiceOptions,
  IConsulCluster,
  ProvidedConsul,
  provideConsul,
} from "./consul";
export * from "./deployment";
export * from "./lvs";
export * from "./machine";
export * from "./nomad";
export * from "./stacks";
export { ValidationError } from "./private/validation";
export { Failure } from "./private/failure";
