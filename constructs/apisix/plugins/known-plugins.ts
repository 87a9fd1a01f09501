import { versionAtLeast } from "../../private/version";

/** What APISIX 3.16 ships, whether it loads it by default or not. */
const HTTP_PLUGINS = `
  ai ai-aliyun-content-moderation ai-aws-content-moderation ai-prompt-decorator ai-prompt-guard
  ai-prompt-template ai-proxy ai-proxy-multi ai-rag ai-rate-limiting ai-request-rewrite api-breaker
  attach-consumer-label authz-casbin authz-casdoor authz-keycloak aws-lambda azure-functions basic-auth
  batch-requests body-transformer brotli cas-auth chaitin-waf clickhouse-logger client-control
  consumer-restriction cors csrf datadog degraphql dubbo-proxy echo elasticsearch-logger error-log-logger
  example-plugin ext-plugin-post-req ext-plugin-post-resp ext-plugin-pre-req fault-injection file-logger
  forward-auth gm google-cloud-logging grpc-transcode grpc-web gzip hmac-auth http-dubbo http-logger inspect
  ip-restriction jwe-decrypt jwt-auth kafka-logger kafka-proxy key-auth lago ldap-auth limit-conn limit-count
  limit-req log-rotate loggly loki-logger mcp-bridge mocking multi-auth node-status ocsp-stapling opa
  openfunction openid-connect opentelemetry openwhisk prometheus proxy-cache proxy-control proxy-mirror
  proxy-rewrite public-api real-ip redirect referer-restriction request-id request-validation response-rewrite
  rocketmq-logger server-info serverless-post-function serverless-pre-function skywalking skywalking-logger
  sls-logger splunk-hec-logging syslog tcp-logger tencent-cloud-cls traffic-split ua-restriction udp-logger
  uri-blocker wolf-rbac workflow zipkin`;

const STREAM_PLUGINS = "ip-restriction limit-conn mqtt-proxy prometheus syslog traffic-split";

/** Those that came later, by the release that brought them. */
const LATER: Readonly<Record<string, string>> = {
  "3.17.0": `acl data-mask dingtalk-auth error-page exit-transformer feishu-auth graphql-limit-count graphql-proxy-cache
    oas-validator proxy-buffering saml-auth traffic-label`,
  "3.18.0": "ai-cache ai-lakera-guard ldap-auth-advanced",
};

const BASE = "3.16.0";

function names(text: string): string[] {
  return text.trim().split(/\s+/);
}

const SINCE: ReadonlyMap<string, string> = new Map([
  ...names(HTTP_PLUGINS).map((name): [string, string] => [name, BASE]),
  ...names(STREAM_PLUGINS).map((name): [string, string] => [name, BASE]),
  ...Object.entries(LATER).flatMap(([version, text]) => names(text).map((name): [string, string] => [name, version])),
]);

const STREAM: ReadonlySet<string> = new Set(names(STREAM_PLUGINS));
const HTTP: ReadonlySet<string> = new Set([...SINCE.keys()].filter((name) => name !== "mqtt-proxy"));

/** The plugins that have a maker of their own on {@link Plugin}: what a gateway loads by default. */
export const DEFAULT_PLUGINS: readonly string[] = [
  ...["real-ip", "request-id", "cors", "ip-restriction", "jwt-auth", "key-auth", "proxy-rewrite", "api-breaker"],
  ...["limit-count", "limit-req", "traffic-split", "redirect", "prometheus"],
];

/**
 * Whether a release of APISIX ships a plugin, as far as is known here: 3.16 to 3.18. A newer release is taken for the
 * newest one that is known.
 */
export function isKnownPlugin(name: string, version: string): boolean {
  const since = SINCE.get(name);
  return since !== undefined && (since === BASE || versionAtLeast(version, since));
}

/** The release that brought a plugin. Nothing where none that is known here has it. @internal */
export function pluginSince(name: string): string | undefined {
  return SINCE.get(name);
}

/** Where APISIX runs a plugin of its own: for requests, for connections, or for both. @internal */
export function pluginRuns(name: string): { readonly http: boolean; readonly stream: boolean } {
  return { http: HTTP.has(name), stream: STREAM.has(name) };
}
