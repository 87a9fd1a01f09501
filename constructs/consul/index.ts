export { AgentCheck, AgentCheckTimes, AgentOwner, AgentService, AgentServiceProps } from "./agent-service";
export { ConfigEntry, ConfigEntryKind, ConfigEntryProps } from "./config-entry";
export { ConfigEntryFields } from "./config-entry-rules";
export { ConsulKeys, ConsulKeysProps } from "./consul-keys";
export { ExternalNode, ExternalNodeProps, ExternalServiceOptions } from "./external-service";
