import { Failure } from "../../private/failure";
import { FirstValue, FirstVersions, versionFailures } from "../../private/first-versions";
import { usedProperties } from "../../private/used-properties";
import { versionAtLeast } from "../../private/version";

/** The oldest APISIX that a gateway may be. */
export const OLDEST_APISIX = "3.16.0";

/** What is known of one plugin of APISIX. Names of fields are APISIX's own; lists are words with white space between them. */
export interface PluginFacts {
  /** The release that brought it. @default - 3.16.0 or before */
  readonly since?: string;
  /** What it runs for. @default "requests" */
  readonly runsFor?: "requests" | "connections" | "both";
  /** Its maker on `Plugin`. A gateway loads those by default. @default - `Plugin.other` */
  readonly maker?: string;
  /** The maker of what identifies a consumer by it. @default - none */
  readonly credentialMaker?: string;
  /** The field by which it finds its consumer. @default - it finds none */
  readonly consumerField?: string;
  /** Whether it answers by itself, so that a route needs nothing behind it. @default false */
  readonly answers?: boolean;
  /** Whether it counts requests, by the variable in `key`. @default false */
  readonly counts?: boolean;
  /** The variable that it counts by where neither `key` nor `rules` says one. @default - none */
  readonly defaultKey?: string;
  /** What it does by the client's address, whatever its fields say: `lets in by it`. @default - nothing */
  readonly usesAddress?: string;
  /** Whether it says itself where the client's address comes from. @default false */
  readonly setsAddress?: boolean;
  /** The plugin with which it shares a client, and so reads its attributes in config.yaml. @default - its own alone */
  readonly attributesOf?: string;
  /** Fields that APISIX takes for secrets, and all below them. @default - none */
  readonly secrets?: string;
  /** The release from which on it looks up references to secrets outside of consumers. @default - 3.17.0, as all do */
  readonly resolvesSecrets?: string;
  /** Fields that came after 3.16 and after the plugin, by their release; `FIELD=VALUE` is a value of an older field. @default - none */
  readonly later?: Readonly<Record<string, string>>;
}

/**
 * Every plugin that APISIX 3.16 to 3.18 ships, whether it loads it by default or not. Releases and fields are those of `/v1/schema` of
 * 3.16.0, 3.17.0 and 3.18.0; secrets are the `encrypt_fields` of each plugin.
 */
const CATALOGUE: Readonly<Record<string, PluginFacts>> = {
  acl: { since: "3.17.0" },
  ai: {},
  "ai-aliyun-content-moderation": {
    secrets: "access_key_secret",
    later: { "3.18.0": "fail_mode request_check_mode request_check_roles" },
  },
  "ai-aws-content-moderation": { secrets: "comprehend.secret_access_key", resolvesSecrets: "3.16.0" },
  "ai-cache": {
    since: "3.18.0",
    secrets: "redis_password semantic.embedding.openai.api_key semantic.embedding.azure_openai.api_key",
  },
  "ai-lakera-guard": { since: "3.18.0", secrets: "api_key" },
  "ai-prompt-decorator": { later: { "3.18.0": "max_req_body_size" } },
  "ai-prompt-guard": { later: { "3.18.0": "fail_mode max_req_body_size" } },
  "ai-prompt-template": { later: { "3.18.0": "max_req_body_size" } },
  "ai-proxy": {
    answers: true,
    secrets: "auth.header auth.query auth.gcp auth.aws.secret_access_key auth.aws.session_token",
    later: {
      "3.17.0": `
      auth.access_key_id auth.secret_access_key auth.session_token max_req_body_size max_response_bytes
      max_stream_duration_ms override.llm_options override.request_body override.request_body_force_override
      provider=bedrock provider_conf streaming_flush_interval_ms`,
    },
  },
  "ai-proxy-multi": {
    attributesOf: "ai-proxy",
    answers: true,
    secrets: "instances.auth.header instances.auth.query instances.auth.aws.secret_access_key",
    later: {
      "3.17.0": `
      instances.auth.access_key_id instances.auth.secret_access_key instances.auth.session_token
      instances.override.llm_options instances.override.request_body
      instances.override.request_body_force_override instances.provider=bedrock max_req_body_size
      max_response_bytes max_retries max_stream_duration_ms retry_on_failure_within_ms
      streaming_flush_interval_ms`,
      "3.18.0": `
      balancer.algorithm=semantic instances.checks.active.http_method instances.checks.active.http_req_body
      instances.examples instances.threshold semantic_opts`,
    },
  },
  "ai-rag": {
    secrets: "embeddings_provider.azure_openai.api_key vector_search_provider.azure_ai_search.api_key",
    later: { "3.17.0": "ssl_verify" },
  },
  "ai-rate-limiting": {
    secrets: "redis_password sentinel_password",
    later: {
      "3.17.0": "cost_expr limit_strategy=expression",
      "3.18.0": `
      allow_degradation policy redis_cluster_name redis_cluster_nodes redis_cluster_ssl
      redis_cluster_ssl_verify redis_connect_timeout redis_database redis_host redis_keepalive_pool
      redis_keepalive_timeout redis_master_name redis_password redis_port redis_read_timeout redis_role
      redis_sentinels redis_ssl redis_ssl_verify redis_timeout redis_username sentinel_password
      sentinel_username`,
    },
  },
  "ai-request-rewrite": { later: { "3.17.0": "provider=bedrock", "3.18.0": "max_req_body_size" } },
  "api-breaker": { maker: "apiBreaker" },
  "attach-consumer-label": {},
  "authz-casbin": {},
  "authz-casdoor": { secrets: "client_secret" },
  "authz-keycloak": { secrets: "client_secret", resolvesSecrets: "3.16.0", later: { "3.18.0": "max_req_body_size" } },
  "aws-lambda": {
    answers: true,
    secrets: "authorization.apikey authorization.iam.accesskey authorization.iam.secretkey",
    later: { "3.18.0": "max_req_body_size" },
  },
  "azure-functions": { answers: true, secrets: "authorization.apikey", later: { "3.18.0": "max_req_body_size" } },
  "basic-auth": { consumerField: "username", secrets: "password", later: { "3.18.0": "anonymous_consumer" } },
  "batch-requests": {},
  "body-transformer": { later: { "3.18.0": "max_req_body_size max_resp_body_size" } },
  brotli: {},
  "cas-auth": { secrets: "cookie.secret", later: { "3.17.0": "cookie", "3.18.0": "max_req_body_size" } },
  "chaitin-waf": {},
  "clickhouse-logger": { secrets: "password", resolvesSecrets: "3.16.0", later: { "3.18.0": "log_format_extra" } },
  "client-control": {},
  "consumer-restriction": {},
  cors: { maker: "cors" },
  csrf: { secrets: "key" },
  "data-mask": { since: "3.17.0" },
  datadog: {},
  degraphql: { later: { "3.18.0": "max_req_body_size" } },
  "dingtalk-auth": { since: "3.17.0", secrets: "app_secret secret secret_fallbacks" },
  "dubbo-proxy": {},
  echo: { answers: true },
  "elasticsearch-logger": { secrets: "auth.password", later: { "3.18.0": "log_format_extra" } },
  "error-log-logger": { secrets: "clickhouse.password kafka.brokers.sasl_config.password" },
  "error-page": { since: "3.17.0" },
  "example-plugin": {},
  "exit-transformer": { since: "3.17.0" },
  "ext-plugin-post-req": {},
  "ext-plugin-post-resp": {},
  "ext-plugin-pre-req": {},
  "fault-injection": { answers: true },
  "feishu-auth": { since: "3.17.0", secrets: "app_secret secret secret_fallbacks" },
  "file-logger": { later: { "3.18.0": "log_format_extra" } },
  "forward-auth": { later: { "3.17.0": "max_req_body_size" } },
  gm: {},
  "google-cloud-logging": { secrets: "auth_config.private_key", later: { "3.18.0": "log_format_extra" } },
  "graphql-limit-count": {
    defaultKey: "remote_addr",
    since: "3.17.0",
    counts: true,
    secrets: "redis_password sentinel_password",
    later: {
      "3.18.0": `
      policy=redis-sentinel redis_connect_timeout redis_master_name redis_read_timeout redis_role
      redis_sentinels sentinel_password sentinel_username sync_interval window_type`,
    },
  },
  "graphql-proxy-cache": { since: "3.17.0" },
  "grpc-transcode": { later: { "3.18.0": "max_resp_body_size" } },
  "grpc-web": { later: { "3.18.0": "max_req_body_size" } },
  gzip: {},
  "hmac-auth": { consumerField: "key_id", secrets: "secret_key", later: { "3.17.0": "max_req_body_size" } },
  "http-dubbo": {},
  "http-logger": { secrets: "auth_header", later: { "3.18.0": "log_format_extra" } },
  inspect: {},
  "ip-restriction": { usesAddress: "lets in by it", runsFor: "both", maker: "ipRestriction" },
  "jwe-decrypt": { secrets: "secret" },
  "jwt-auth": { maker: "jwtAuth", credentialMaker: "jwtAuthCredential", consumerField: "key", secrets: "secret" },
  "kafka-logger": { secrets: "brokers.sasl_config.password", later: { "3.18.0": "api_version log_format_extra tls" } },
  "kafka-proxy": { secrets: "sasl.password" },
  "key-auth": { maker: "keyAuth", credentialMaker: "keyAuthCredential", consumerField: "key", secrets: "key" },
  lago: { secrets: "token" },
  "ldap-auth": { later: { "3.18.0": "hide_credentials" } },
  "ldap-auth-advanced": { since: "3.18.0", secrets: "ldap_password" },
  "limit-conn": { runsFor: "both", counts: true, secrets: "redis_password" },
  "limit-count": {
    defaultKey: "remote_addr",
    maker: "limitCount",
    counts: true,
    secrets: "redis_password sentinel_password",
    resolvesSecrets: "3.16.0",
    later: {
      "3.18.0": `
      policy=redis-sentinel redis_connect_timeout redis_master_name redis_read_timeout redis_role
      redis_sentinels sentinel_password sentinel_username sync_interval window_type`,
    },
  },
  "limit-req": { maker: "limitReq", counts: true, secrets: "redis_password" },
  "log-rotate": {},
  loggly: { secrets: "customer_token", later: { "3.18.0": "log_format_extra" } },
  "loki-logger": { later: { "3.18.0": "log_format_extra" } },
  "mcp-bridge": { answers: true },
  mocking: { answers: true },
  "mqtt-proxy": { runsFor: "connections" },
  "multi-auth": {},
  "node-status": {},
  "oas-validator": { since: "3.17.0", later: { "3.18.0": "max_req_body_size" } },
  "ocsp-stapling": {},
  opa: {},
  openfunction: { answers: true, secrets: "authorization.service_token", later: { "3.18.0": "max_req_body_size" } },
  "openid-connect": {
    secrets: "client_secret client_rsa_private_key dpop.private_key session.secret session.redis.password",
    resolvesSecrets: "3.16.0",
    later: {
      "3.17.0": `
      session.absolute_timeout session.cookie_domain session.cookie_http_only session.cookie_name
      session.cookie_path session.cookie_same_site session.cookie_secure session.idling_timeout
      session.rolling_timeout`,
      "3.18.0": "client_jwt_assertion_alg client_jwt_assertion_audience dpop par set_raw_id_token_header",
    },
  },
  opentelemetry: {},
  openwhisk: { answers: true, secrets: "service_token", later: { "3.18.0": "max_req_body_size" } },
  prometheus: { runsFor: "both", maker: "prometheus" },
  "proxy-buffering": { since: "3.17.0" },
  "proxy-cache": {},
  "proxy-control": {},
  "proxy-mirror": {},
  "proxy-rewrite": { maker: "proxyRewrite" },
  "public-api": { answers: true },
  "real-ip": { setsAddress: true, maker: "realIp" },
  redirect: { maker: "redirect", answers: true },
  "referer-restriction": {},
  "request-id": { maker: "requestId", later: { "3.17.0": "algorithm=uuidv7" } },
  "request-validation": { later: { "3.18.0": "max_req_body_size" } },
  "response-rewrite": { later: { "3.18.0": "max_resp_body_size" } },
  "rocketmq-logger": { secrets: "secret_key", later: { "3.18.0": "log_format_extra" } },
  "saml-auth": { since: "3.17.0", secrets: "sp_private_key secret secret_fallbacks" },
  "server-info": {},
  "serverless-post-function": {},
  "serverless-pre-function": { answers: true },
  skywalking: {},
  "skywalking-logger": { later: { "3.18.0": "log_format_extra" } },
  "sls-logger": { secrets: "access_key_secret", later: { "3.18.0": "log_format_extra ssl_verify" } },
  "splunk-hec-logging": { secrets: "endpoint.token", later: { "3.18.0": "log_format_extra" } },
  syslog: { runsFor: "both", later: { "3.18.0": "log_format_extra" } },
  "tcp-logger": { later: { "3.18.0": "log_format_extra" } },
  "tencent-cloud-cls": {
    secrets: "secret_key",
    later: { "3.17.0": "scheme ssl_verify", "3.18.0": "log_format_extra" },
  },
  "traffic-label": { since: "3.17.0" },
  "traffic-split": {
    runsFor: "both",
    maker: "trafficSplit",
    later: {
      "3.18.0": `
      rules.weighted_upstreams.upstream.checks.active.http_method
      rules.weighted_upstreams.upstream.checks.active.http_req_body`,
    },
  },
  "ua-restriction": {},
  "udp-logger": { later: { "3.18.0": "log_format_extra" } },
  "uri-blocker": {},
  "wolf-rbac": { later: { "3.17.0": "ssl_verify" } },
  workflow: {},
  zipkin: {},
};

/** What is known of a plugin; nothing where no release up to 3.18 ships one of that name. */
export function factsOf(name: string): PluginFacts | undefined {
  return Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name] : undefined;
}

/** The plugins that have a maker of their own on `Plugin`: what a gateway loads by default. */
export const DEFAULT_PLUGINS: readonly string[] = Object.keys(CATALOGUE).filter(
  (name) => factsOf(name)?.maker !== undefined,
);

/**
 * Whether a release of APISIX ships a plugin, as far as is known here: 3.16 to 3.18. A newer release is taken for the
 * newest one that is known.
 */
export function isKnownPlugin(name: string, version: string): boolean {
  const facts = factsOf(name);
  return facts !== undefined && (facts.since === undefined || versionAtLeast(version, facts.since));
}

/** What APISIX runs a plugin for. */
export function pluginRuns(name: string): { readonly requests: boolean; readonly connections: boolean } {
  const { runsFor = "requests" } = factsOf(name) ?? {};
  return { requests: runsFor !== "connections", connections: runsFor !== "requests" };
}

/** The first release that knows a field, by `OWNER.FIELD`. An upstream's fields are as much a matter of releases as a plugin's. */
const FIRST_VERSIONS: FirstVersions = Object.fromEntries([
  ...firstVersions("upstream", { "3.18.0": "checks.active.http_method checks.active.http_req_body" }),
  ...Object.entries(CATALOGUE).flatMap(([name, { later = {} }]) => firstVersions(`plugins.${name}`, later)),
]);

function firstVersions(
  owner: string,
  later: Readonly<Record<string, string>>,
): (readonly [field: string, since: string | FirstValue])[] {
  return Object.entries(later).flatMap(([version, fields]) =>
    words(fields).map((field) => {
      const [path = "", since] = field.split("=");
      return [
        `${owner}.${path}`,
        since === undefined ? version : { version, matches: (value: unknown) => value === since },
      ] as const;
    }),
  );
}

/**
 * The fields that the gateway's APISIX does not know yet. It drops the whole object, or ignores the field, both silently.
 *
 * @param owner `plugins.NAME` or `upstream`
 * @param at where the caller wrote it
 * @param config as APISIX gets it
 */
export function laterFieldFailures(
  owner: string,
  at: string,
  config: Readonly<Record<string, unknown>>,
  version: string,
): Failure[] {
  const running = { program: "APISIX", version, saidBy: "the gateway's APISIX" };
  return versionFailures(running, FIRST_VERSIONS, usedProperties(config, `${at}.`, `${owner}.`, { optionOf }));
}

function optionOf(field: string): string {
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The words of a list in {@link PluginFacts}. */
export function words(text = ""): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
