export * from "./apisix";
export * from "./caddy";
export {
  AgentCheck,
  AgentCheckTimes,
  AgentHttpCheckOptions,
  AgentProfile,
  AgentService,
  AgentServiceProps,
  ConfigEntry,
  ConfigEntryFields,
  ConfigEntryKind,
  ConfigEntryProps,
  ConsulAddressAttributes,
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
  Installation,
  ProvidedConsul,
  provideConsul,
  ReleaseOptions,
  VendorAptOptions,
} from "./consul";
export * from "./deployment";
export * from "./lvs";
export * from "./machine";
export * from "./nomad";
export * from "./stacks";
export { ValidationError } from "./private/validation";
export { Failure } from "./private/failure";
