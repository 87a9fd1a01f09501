export { DockerEngine, DockerEngineProps } from "./docker-engine";
export { NomadAddressAttributes } from "./foreign-nomad";
export { HostNetwork } from "./nomad-agent-text";
export { NomadClient, NomadClientOptions, NomadClientProps } from "./nomad-client";
export { DynamicPorts, INomadCluster } from "./nomad-cluster";
export { NomadServer, NomadServerProps } from "./nomad-server";
