export { AgentCheck, AgentCheckTimes, AgentHttpCheckOptions, AgentService, AgentServiceProps } from "./agent-service";
export { ConfigEntry, ConfigEntryFields, ConfigEntryKind, ConfigEntryProps } from "./config-entry";
export { ConsulClient, ConsulClientProps } from "./consul-client";
export {
  addressesOf,
  consulClusters,
  IConsulCluster,
  ProvidedConsul,
  provideConsul,
  securedFailures,
} from "./consul-cluster";
export { ConsulServerAttributes, ConsulServer, ConsulServerProps } from "./consul-server";
export { announcedServices, announceService, ConsulService, isAnnounced, WEIGHT_META } from "./consul-service";
export { CONSUL_TEMPLATE_MEMORY, consulTemplateFor } from "./consul-template";
export { ExternalNode, ExternalNodeProps, ExternalServiceOptions } from "./external-node";
export { ConsulKeys, ConsulKeysProps } from "./keys";
export { AccessRule, folderRule, followerRules, gatewayRules, lockRules } from "./render/access";
export { AGENT_TOKEN, LOCAL_CONSUL, TOKENS, WAIT_FOR_CONSUL } from "./render/agent";
export { ConsulSecurity } from "./security";
export { CONSUL_STANZA, consulTemplateTokenText, consulTemplateUnit } from "./render/consul-template";
export { needRules } from "./terraform-access";
