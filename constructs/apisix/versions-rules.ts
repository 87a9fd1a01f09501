import { Failure } from "../private/failure";
import { versionAtLeast } from "../private/version";

/**
 * The first APISIX that knows a field, for what came after 3.16, the oldest that a gateway may be. A path is in APISIX's own names, without
 * the places in lists; `PATH=VALUE` is about a value of a field that is older. Taken from what `/v1/schema` of 3.16.0, 3.17.0 and 3.18.0 says.
 */
const LATER: Readonly<Record<string, readonly (readonly [owners: string, fields: string])[]>> = {
  "3.17.0": [
    [
      "plugins.ai-proxy-multi",
      `
      instances.auth.access_key_id instances.auth.secret_access_key instances.auth.session_token
      instances.override.llm_options instances.override.request_body instances.override.request_body_force_override
      instances.provider=bedrock max_req_body_size max_response_bytes max_retries max_stream_duration_ms
      retry_on_failure_within_ms streaming_flush_interval_ms`,
    ],
    [
      "plugins.ai-proxy",
      `
      auth.access_key_id auth.secret_access_key auth.session_token max_req_body_size max_response_bytes
      max_stream_duration_ms override.llm_options override.request_body override.request_body_force_override
      provider=bedrock provider_conf streaming_flush_interval_ms`,
    ],
    ["plugins.ai-rag plugins.wolf-rbac", "ssl_verify"],
    ["plugins.ai-rate-limiting", "cost_expr limit_strategy=expression"],
    ["plugins.ai-request-rewrite", "provider=bedrock"],
    ["plugins.cas-auth", "cookie"],
    ["plugins.forward-auth plugins.hmac-auth", "max_req_body_size"],
    [
      "plugins.openid-connect",
      `
      session.absolute_timeout session.cookie_domain session.cookie_http_only session.cookie_name
      session.cookie_path session.cookie_same_site session.cookie_secure session.idling_timeout
      session.rolling_timeout`,
    ],
    ["plugins.request-id", "algorithm=uuidv7"],
    ["plugins.tencent-cloud-cls", "scheme ssl_verify"],
  ],
  "3.18.0": [
    ["plugins.ai-aliyun-content-moderation", "fail_mode request_check_mode request_check_roles"],
    [
      `
      plugins.ai-prompt-decorator plugins.ai-prompt-template plugins.ai-request-rewrite plugins.authz-keycloak
      plugins.aws-lambda plugins.azure-functions plugins.cas-auth plugins.degraphql plugins.grpc-web
      plugins.oas-validator plugins.openfunction plugins.openwhisk plugins.request-validation`,
      "max_req_body_size",
    ],
    ["plugins.ai-prompt-guard", "fail_mode max_req_body_size"],
    [
      "plugins.ai-proxy-multi",
      `
      balancer.algorithm=semantic instances.checks.active.http_method instances.checks.active.http_req_body
      instances.examples instances.threshold semantic_opts`,
    ],
    [
      "plugins.ai-rate-limiting",
      `
      allow_degradation policy redis_cluster_name redis_cluster_nodes redis_cluster_ssl redis_cluster_ssl_verify
      redis_connect_timeout redis_database redis_host redis_keepalive_pool redis_keepalive_timeout redis_master_name
      redis_password redis_port redis_read_timeout redis_role redis_sentinels redis_ssl redis_ssl_verify
      redis_timeout redis_username sentinel_password sentinel_username`,
    ],
    ["plugins.basic-auth", "anonymous_consumer"],
    ["plugins.body-transformer", "max_req_body_size max_resp_body_size"],
    [
      `
      plugins.clickhouse-logger plugins.elasticsearch-logger plugins.file-logger plugins.google-cloud-logging
      plugins.http-logger plugins.loggly plugins.loki-logger plugins.rocketmq-logger plugins.skywalking-logger
      plugins.splunk-hec-logging plugins.syslog plugins.tcp-logger plugins.tencent-cloud-cls plugins.udp-logger`,
      "log_format_extra",
    ],
    [
      "plugins.graphql-limit-count plugins.limit-count",
      `
      policy=redis-sentinel redis_connect_timeout redis_master_name redis_read_timeout redis_role redis_sentinels
      sentinel_password sentinel_username sync_interval window_type`,
    ],
    ["plugins.grpc-transcode plugins.response-rewrite", "max_resp_body_size"],
    ["plugins.kafka-logger", "api_version log_format_extra tls"],
    ["plugins.ldap-auth", "hide_credentials"],
    [
      "plugins.openid-connect",
      "client_jwt_assertion_alg client_jwt_assertion_audience dpop par set_raw_id_token_header",
    ],
    ["plugins.sls-logger", "log_format_extra ssl_verify"],
    [
      "plugins.traffic-split",
      `
      rules.weighted_upstreams.upstream.checks.active.http_method
      rules.weighted_upstreams.upstream.checks.active.http_req_body`,
    ],
    ["upstream", "checks.active.http_method checks.active.http_req_body"],
  ],
};

interface Since {
  readonly path: readonly string[];
  /** @default - any */
  readonly value?: string;
  readonly version: string;
}

/** `plugins.limit-count` or `upstream` to its later fields. */
const FIRST_VERSIONS: ReadonlyMap<string, readonly Since[]> = firstVersions();

function firstVersions(): Map<string, Since[]> {
  const map = new Map<string, Since[]>();
  for (const [version, entries] of Object.entries(LATER))
    for (const [owners, fields] of entries)
      for (const owner of words(owners)) {
        const since = words(fields).map((field): Since => {
          const [path = "", value] = field.split("=");
          return { path: path.split("."), value, version };
        });
        map.set(owner, [...(map.get(owner) ?? []), ...since]);
      }
  return map;
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/**
 * What the APISIX that will run does not know yet. It would drop the whole object, or do without the field, both without a word.
 *
 * @param owner `plugins.NAME` or `upstream`
 * @param at where the caller wrote it
 * @param config as APISIX gets it
 */
export function versionFailures(owner: string, at: string, config: unknown, version: string): Failure[] {
  return (FIRST_VERSIONS.get(owner) ?? [])
    .filter((since) => !versionAtLeast(version, since.version))
    .flatMap(({ path, value, version: first }) =>
      found(config, path)
        .filter(({ got }) => value === undefined || got === value)
        .map(({ got, where }) => ({
          property: `${at}${where}`,
          rule: `is known to APISIX since ${first}, and ${version} runs`,
          ...(typeof got === "object" ? {} : { got }),
          cure: `leave it out, or give the gateway APISIX ${first} or newer`,
        })),
    );
}

/** Whatever is at a path, with the places of lists, in the caller's own spelling. */
function found(
  value: unknown,
  path: readonly string[],
  where = "",
): { readonly got: unknown; readonly where: string }[] {
  const [name, ...rest] = path;
  if (name === undefined) return value === undefined ? [] : [{ got: value, where }];
  if (Array.isArray(value)) return value.flatMap((each, index) => found(each, path, `${where}[${index}]`));
  if (typeof value !== "object" || value === null) return [];
  const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return found((value as Record<string, unknown>)[name], rest, `${where}.${camel}`);
}
