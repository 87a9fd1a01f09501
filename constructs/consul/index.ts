export { ConsulService } from "./consul-service";
