export { Certificate, CertificateProps, TlsProtocol } from "./certificate";
export { Consumer, ConsumerProps } from "./consumer";
export { GatewayAttributes } from "./foreign-gateway";
export { Gateway, GatewayProps } from "./gateway";
export { IGateway } from "./gateway-base";
export { AdminOptions, GatewayOptions, StreamPorts } from "./gateway-settings";
export { GlobalRule, GlobalRuleProps } from "./global-rule";
export {
  ActiveHealthCheck,
  HealthyWhen,
  PassiveHealthCheck,
  PassivelyHealthyWhen,
  PassivelyUnhealthyWhen,
  UnhealthyWhen,
  UpstreamHealthCheck,
} from "./health-check";
export { MachineGateway, MachineGatewayProps } from "./machine-gateway";
export { DescribedProps, GatewayObjectProps } from "./object";
export { CorsPluginOptions, IpRestrictionPluginOptions } from "./plugins/access";
export { ExportAddress, PluginAttributes, PrometheusAttributes, RedirectAttributes } from "./plugins/attributes";
export {
  GuardOptions,
  JwtAlgorithm,
  JwtAuthCredentialOptions,
  JwtAuthPluginOptions,
  KeyAuthCredentialOptions,
  KeyAuthPluginOptions,
} from "./plugins/auth";
export { DEFAULT_PLUGINS } from "./plugins/catalogue";
export {
  CounterOptions,
  LimitCountPluginOptions,
  LimitCountRule,
  LimitReqPluginOptions,
  RedisSentinel,
} from "./plugins/limits";
export { CommonPluginOptions, PluginMeta } from "./plugins/parts";
export { Plugin } from "./plugins/plugin";
export {
  PrometheusPluginOptions,
  RangeIdOptions,
  RealIpPluginOptions,
  RequestIdPluginOptions,
} from "./plugins/requests";
export { HeaderChanges, HeaderValue, ProxyRewritePluginOptions, RedirectPluginOptions } from "./plugins/rewrite";
export {
  ApiBreakerPluginOptions,
  BreakResponseHeader,
  BreakWhen,
  MendWhen,
  TrafficSplitPluginOptions,
  TrafficSplitRule,
  WeightedUpstream,
} from "./plugins/traffic";
export { RouteRow } from "./render/route-table";
export { Route, RouteMatch, RouteProps, RouteToJobProps, ServiceSource } from "./route";
export { GatewayService, GatewayServiceProps } from "./service";
export { SharedUpstream, SharedUpstreamProps } from "./shared-upstream";
export { StreamRoute, StreamRouteProps } from "./stream-route";
export { KeepalivePool, ServiceUpstreamOptions, Upstream, UpstreamOptions, UpstreamType } from "./upstream";
export { Condition, GatewayTimeout } from "./values";
