export { IConsulCluster } from "./consul-cluster";
export { ConsulService } from "./consul-service";
