import { Failure } from "../private/failure";
import { FirstValue, FirstVersions, versionFailures } from "../private/first-versions";
import { usedProperties } from "../private/used-properties";

/**
 * The first APISIX that knows a field, for what came after 3.16, the oldest that a gateway may be. A path is in APISIX's own names, without
 * the places in lists; `PATH=VALUE` is about a value of a field that is older. Taken from `/v1/schema` of 3.16.0, 3.17.0 and 3.18.0.
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

const FIRST_VERSIONS = firstVersions();

function firstVersions(): FirstVersions {
  const entries = Object.entries(LATER).flatMap(([version, rows]) =>
    rows.flatMap(([owners, fields]) =>
      words(owners).flatMap((owner) =>
        words(fields).map((field): [string, string | FirstValue] => {
          const [path = "", later] = field.split("=");
          return [`${owner}.${path}`, later === undefined ? version : { version, matches: (value) => value === later }];
        }),
      ),
    ),
  );
  return Object.fromEntries(entries);
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/**
 * The fields that the gateway's APISIX does not know yet. It drops the whole object, or ignores the field, both silently.
 *
 * @param owner `plugins.NAME` or `upstream`
 * @param at where the caller wrote it
 * @param config as APISIX gets it
 */
export function apisixVersionFailures(
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
