export * from "./caddy";
export {
  AgentProfile,
  ConsulAddressAttributes,
  ConsulClient,
  ConsulClientProps,
  ConsulServer,
  ConsulServerProps,
  ConsulService,
  IConsulCluster,
  Installation,
  VendorAptOptions,
} from "./consul";
export * from "./deployment";
export * from "./lvs";
export * from "./machine";
export * from "./nomad";
export { ValidationError } from "./private/validation";
export { Failure } from "./private/failure";
