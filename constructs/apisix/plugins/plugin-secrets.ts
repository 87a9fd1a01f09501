import { versionAtLeast } from "../../private/version";
import { Failure } from "../../private/failure";
import { ApisixObject, leavesOf } from "../document-text";
import { Place } from "../place";

/** The fields that APISIX itself takes for secrets, by plugin. */
const SECRET_FIELDS: Readonly<Record<string, readonly string[]>> = {
  "ai-aliyun-content-moderation": ["access_key_secret"],
  "ai-aws-content-moderation": ["comprehend.secret_access_key"],
  "ai-cache": [...["redis_password", "semantic.embedding.openai.api_key"], "semantic.embedding.azure_openai.api_key"],
  "ai-lakera-guard": ["api_key"],
  "ai-proxy": ["auth.header", "auth.query", "auth.gcp", "auth.aws.secret_access_key", "auth.aws.session_token"],
  "ai-proxy-multi": ["instances.auth.header", "instances.auth.query", "instances.auth.aws.secret_access_key"],
  "ai-rag": ["embeddings_provider.azure_openai.api_key", "vector_search_provider.azure_ai_search.api_key"],
  "ai-rate-limiting": ["redis_password", "sentinel_password"],
  "authz-casdoor": ["client_secret"],
  "authz-keycloak": ["client_secret"],
  "aws-lambda": ["authorization.apikey", "authorization.iam.accesskey", "authorization.iam.secretkey"],
  "azure-functions": ["authorization.apikey"],
  "basic-auth": ["password"],
  "cas-auth": ["cookie.secret"],
  "clickhouse-logger": ["password"],
  csrf: ["key"],
  "dingtalk-auth": ["app_secret", "secret", "secret_fallbacks"],
  "elasticsearch-logger": ["auth.password"],
  "error-log-logger": ["clickhouse.password", "kafka.brokers.sasl_config.password"],
  "feishu-auth": ["app_secret", "secret", "secret_fallbacks"],
  "google-cloud-logging": ["auth_config.private_key"],
  "graphql-limit-count": ["redis_password", "sentinel_password"],
  "hmac-auth": ["secret_key"],
  "http-logger": ["auth_header"],
  "jwe-decrypt": ["secret"],
  "jwt-auth": ["secret"],
  "kafka-logger": ["brokers.sasl_config.password"],
  "kafka-proxy": ["sasl.password"],
  "key-auth": ["key"],
  lago: ["token"],
  "ldap-auth-advanced": ["ldap_password"],
  "limit-conn": ["redis_password"],
  "limit-count": ["redis_password", "sentinel_password"],
  "limit-req": ["redis_password"],
  loggly: ["customer_token"],
  openfunction: ["authorization.service_token"],
  "openid-connect": [
    ...["client_secret", "client_rsa_private_key", "dpop.private_key"],
    ...["session.secret", "session.redis.password"],
  ],
  openwhisk: ["service_token"],
  "rocketmq-logger": ["secret_key"],
  "saml-auth": ["sp_private_key", "secret", "secret_fallbacks"],
  "sls-logger": ["access_key_secret"],
  "splunk-hec-logging": ["endpoint.token"],
  "tencent-cloud-cls": ["secret_key"],
};

/** Outside of consumers and certificates these alone looked references up until 3.17, which does it for all. */
const LOOKED_UP_BEFORE_3_17 = [
  ...["ai-aws-content-moderation", "authz-keycloak", "clickhouse-logger", "limit-count", "openid-connect"],
];

/** Whether a text names a secret, and is none. */
export function isSecretReference(text: string): boolean {
  return /^\$(secret|env):\/\/[^\s]+$/i.test(text);
}

/** The name of the environment's variable that a reference leads to; nothing where it leads elsewhere. */
export function environmentName(text: string): string | undefined {
  return /^\$env:\/\/([^/]+)/i.exec(text)?.[1];
}

/** A secret that is written out. The text itself is left out of the message: it would be in a log. */
export function plainSecret(property: string): Failure {
  return {
    property,
    rule: "must name a secret and not be one: every reader of Consul would have it",
    cure: 'give it to the gateway\'s secrets, and write gateway.secret("NAME") here',
  };
}

/** @param config as APISIX gets it */
export function pluginSecretFailures(at: string, name: string, config: ApisixObject, place: Place): Failure[] {
  const fields = SECRET_FIELDS[name] ?? [];
  const texts = leavesOf(config)
    .filter(({ isName, value }) => !isName && typeof value === "string")
    .map((leaf) => ({ field: leaf.at.replace(/\[\d+\]/g, ""), text: String(leaf.value) }));
  const plain = texts.filter(
    ({ field, text }) =>
      fields.some((secret) => field === secret || field.startsWith(`${secret}.`)) && !isSecretReference(text),
  );
  return [
    ...plain.map(({ field }) => plainSecret(`${at}.${field}`)),
    ...(looksUp(name, place) ? [] : texts.filter(({ text }) => isSecretReference(text))).map(({ field, text }) => ({
      property: `${at}.${field}`,
      rule: `can't name a secret in ${name} before APISIX 3.17, which would take the reference for the secret`,
      got: text,
      cure: "give the gateway a newer APISIX",
    })),
  ];
}

function looksUp(name: string, { kind, version }: Place): boolean {
  return kind === "consumers" || versionAtLeast(version, "3.17.0") || LOOKED_UP_BEFORE_3_17.includes(name);
}
