export { Certificate, CertificateProps, TlsProtocol } from "./certificate";
export { Condition } from "./condition-rules";
export { Consumer, ConsumerProps } from "./consumer";
export { ForeignGatewayAttributes } from "./foreign-gateway";
export { Gateway, GatewayProps } from "./gateway";
export { GatewayBase } from "./gateway-base";
export { GatewayObject, IGateway, ObjectKind } from "./gateway-end";
export { DescribedProps, GatewayObjectBase, GatewayObjectProps } from "./gateway-object";
export { IGatewayObject, ISharedUpstream } from "./gateway-object-end";
export { GatewayService, GatewayServiceProps } from "./gateway-service";
export { AdminOptions, GatewayOptions, StreamPorts } from "./gateway-options";
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
export { DEFAULT_PLUGINS, isKnownPlugin } from "./plugins/known-plugins";
export { MachineGateway, MachineGatewayProps } from "./machine-gateway";
export { ExportAddress, PluginAttributes, PrometheusAttributes, RedirectAttributes } from "./plugin-attributes";
export { Plugin } from "./plugins/plugin";
export { CorsPluginOptions, IpRestrictionPluginOptions } from "./plugins/plugin-access";
export {
  GuardOptions,
  JwtAlgorithm,
  JwtAuthCredentialOptions,
  JwtAuthPluginOptions,
  KeyAuthCredentialOptions,
  KeyAuthPluginOptions,
} from "./plugins/plugin-auth";
export { CounterOptions, RedisSentinel } from "./plugins/plugin-counter";
export { LimitCountPluginOptions, LimitCountRule, LimitReqPluginOptions } from "./plugins/plugin-limits";
export { CommonPluginOptions, PluginMeta } from "./plugins/plugin-parts";
export {
  PrometheusPluginOptions,
  RangeIdOptions,
  RealIpPluginOptions,
  RequestIdPluginOptions,
} from "./plugins/plugin-requests";
export { HeaderChanges, HeaderValue, ProxyRewritePluginOptions, RedirectPluginOptions } from "./plugins/plugin-rewrite";
export {
  ApiBreakerPluginOptions,
  BreakResponseHeader,
  BreakWhen,
  MendWhen,
  TrafficSplitPluginOptions,
  TrafficSplitRule,
  WeightedUpstream,
} from "./plugins/plugin-traffic";
export { Route, RouteProps, RouteToJobProps, ServiceSource } from "./route";
export { RouteMatch } from "./route-options";
export { RouteRow } from "./route-table-text";
export { SharedUpstream, SharedUpstreamProps } from "./shared-upstream";
export { StreamRoute, StreamRouteProps } from "./stream-route";
export { Upstream } from "./upstream";
export { KeepalivePool, ServiceUpstreamOptions, UpstreamOptions, UpstreamType } from "./upstream-options";
export { GatewayTimeout } from "./value-rules";
