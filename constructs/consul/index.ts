export { AgentProfile } from "./agent-profile";
export { agentUnit, AgentUnit } from "./agent-unit-text";
export { CONSUL_READY, LOCAL_CONSUL, WAIT_FOR_CONSUL } from "./consul-agent-text";
export { addressFailures, DEV_IS_ONE_SERVER, nameFailures, serverCountProblems, serverFailures } from "./consul-checks";
export { ConsulClient, ConsulClientProps } from "./consul-client";
export { ConsulAddressAttributes, IConsulCluster } from "./consul-cluster";
export { ConsulServer, ConsulServerProps } from "./consul-server";
export { HclBody, HclValue, renderHcl } from "./hcl-text";
export { Installation, installationFor, Installed, VendorAptOptions } from "./installation";
