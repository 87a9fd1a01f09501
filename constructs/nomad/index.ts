export { DockerEngine, DockerEngineProps } from "./docker-engine";
export { HostNetwork } from "./nomad-agent-text";
export { NomadClient, NomadClientOptions, NomadClientProps } from "./nomad-client";
export { DynamicPorts, INomadCluster } from "./nomad-cluster";
export { NomadAddressAttributes, NomadServer, NomadServerProps } from "./nomad-server";
