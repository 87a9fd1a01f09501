export { ConvergenceBudget, ConvergenceProps } from "./convergence";
export { Director, DirectorProps } from "./director";
export { EmptyPolicy, RefuseOptions } from "./empty-policy";
export { ForwardingMethod, MasqueradingOptions } from "./forwarding-method";
export { Plane } from "./plane";
export { FilterAction, FilterChain, PortFilter, PortFilterOptions } from "./port-filter";
export { Protocol } from "./protocol";
export { RealServer, RealServerOptions } from "./real-server";
export { FollowOptions, KnownInstances, RealServers, WaitSeconds } from "./real-servers";
export { Redirect, RedirectOptions } from "./redirect";
export { Refusal } from "./refusal";
export { Convergence, Hop } from "./render/convergence";
export { HashingOptions, Scheduler } from "./scheduler";
export { Endpoint } from "./service-spec";
export { VirtualService } from "./virtual-service";
export {
  EndpointOptions,
  FirewallMarkServiceOptions,
  ServiceOptions,
  VirtualServiceOptions,
} from "./virtual-service-options";
