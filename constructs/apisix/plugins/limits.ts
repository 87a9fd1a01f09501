import { durationFailures } from "../../private/duration";
import { Failure } from "../../private/failure";
import { wire } from "../render/document";
import { CommonPluginOptions, partsOf, PluginParts } from "./parts";
import { listFailures, milliseconds, numberFailures, seconds } from "../values";

/** Options of `Plugin.limitCount`. Give either `count` and `timeWindow`, or `rules`. */
export interface LimitCountPluginOptions extends CommonPluginOptions, CounterOptions {
  /** Number of requests per window, above 0, or text with variables. @default - those of `rules` */
  readonly count?: number | string;
  /** Length of the window: a duration of whole seconds, above 0 (`"1m"`), or text with variables, whose value is in seconds. @default - those of `rules` */
  readonly timeWindow?: string;
  /** Kind of window, from APISIX 3.18 on. @default "fixed" */
  readonly windowType?: "fixed" | "sliding";
  /** Several limits at a time, each by a key of its own. @default - one, by `count` and `timeWindow` */
  readonly rules?: readonly LimitCountRule[];
  /** Key by which requests are counted, interpreted by `keyType`. @default "remote_addr" */
  readonly key?: string;
  /** Kind of `key`: a variable (`remote_addr`), several (`$remote_addr $host`), or a constant. @default "var" */
  readonly keyType?: "var" | "var_combination" | "constant";
  /** Status of refused requests, 200 to 599. @default 503 */
  readonly rejectedCode?: number;
  /** Message of refused requests. @default - none */
  readonly rejectedMsg?: string;
  /**
   * Location of the count: in each gateway, or for all of them in a Redis (`redis-sentinel` from APISIX 3.18 on).
   *
   * @default "local"
   */
  readonly policy?: "local" | "redis" | "redis-cluster" | "redis-sentinel";
  /** Whether requests pass while the Redis can't be reached. @default false */
  readonly allowDegradation?: boolean;
  /** Whether answers have headers with the limit and the rest: `X-RateLimit-Remaining`. @default true */
  readonly showLimitQuotaHeader?: boolean;
  /** Name of a group of routes that share a count; all must have the same options. @default - each route has its own count */
  readonly group?: string;
  /** Time between two writes to a Redis, a Go duration of at least 100ms, from APISIX 3.18 on. @default - it writes at once */
  readonly syncInterval?: string;
}

/** One of several limits. */
export interface LimitCountRule {
  /** Number of requests per window, above 0, or text with variables. */
  readonly count: number | string;
  /** Length of the window: a Go duration of whole seconds, above 0, or text with variables. */
  readonly timeWindow: string;
  /** Variables by which requests are counted: `$http_x_tenant`. Each rule must have another key. */
  readonly key: string;
  /** Prefix in the names of its headers: `tenant` for `X-tenant-RateLimit-Limit`. @default - the rule's index in the list */
  readonly headerPrefix?: string;
}

export function limitCount(options: LimitCountPluginOptions): PluginParts {
  const { timeWindow, syncInterval, rules } = options;
  const config = wire({
    ...options,
    ...renderCounter(options),
    timeWindow: renderWindow(timeWindow),
    rules: rules?.map((rule) => wire({ ...rule, timeWindow: renderWindow(rule.timeWindow) })),
    syncInterval: seconds(syncInterval),
  });
  return partsOf("limit-count", options, config, (at) => [
    ...windowFailures(at, options),
    ...rulesFailures(at, options),
    ...numberFailures({ [`${at}.rejectedCode`]: options.rejectedCode }, { min: 200, max: 599 }),
    ...counterFailures(at, options),
    ...syncFailures(at, options),
  ]);
}

/** Text with variables is APISIX's to resolve. */
function isVariable(text: string | number | undefined): text is string {
  return typeof text === "string" && text.includes("$");
}

function renderWindow(timeWindow: string | undefined): string | number | undefined {
  return isVariable(timeWindow) ? timeWindow : seconds(timeWindow);
}

function windowFailures(at: string, { count, timeWindow, rules }: LimitCountPluginOptions): Failure[] {
  if (rules !== undefined) {
    if (count === undefined && timeWindow === undefined) return [];
    return [{ property: `${at}.rules`, rule: "can't go with count and timeWindow", cure: "leave either out" }];
  }
  return [
    ...Object.entries({ count, timeWindow })
      .filter(([, value]) => value === undefined)
      .map(([name]) => ({
        property: `${at}.${name}`,
        rule: "must be given if there are no rules",
        cure: EXAMPLE,
      })),
    ...limitFailures(at, { count, timeWindow }),
  ];
}

function rulesFailures(at: string, { rules, group }: LimitCountPluginOptions): Failure[] {
  if (rules === undefined) return [];
  return [
    ...listFailures(
      `${at}.rules`,
      rules.map(({ key }) => key),
    ),
    ...rules.flatMap(({ count, timeWindow }, index) => limitFailures(`${at}.rules[${index}]`, { count, timeWindow })),
    ...(group === undefined
      ? []
      : [{ property: `${at}.group`, rule: "can't go with rules", got: group, cure: "leave either out" }]),
  ];
}

const EXAMPLE = "for example count: 100, timeWindow: '1m'";

function limitFailures(
  at: string,
  { count, timeWindow }: Pick<LimitCountPluginOptions, "count" | "timeWindow">,
): Failure[] {
  return [
    ...(typeof count === "string" ? [] : numberFailures({ [`${at}.count`]: count }, { min: 1 }, EXAMPLE)),
    ...(isVariable(timeWindow)
      ? []
      : durationFailures({ [`${at}.timeWindow`]: timeWindow }, { min: "1s", whole: "seconds" }, EXAMPLE)),
  ];
}

function syncFailures(at: string, { syncInterval, policy = "local", timeWindow }: LimitCountPluginOptions): Failure[] {
  const property = `${at}.syncInterval`;
  if (syncInterval === undefined) return [];
  if (policy === "local") {
    const rule = "must go with a policy that keeps the count in a Redis, or it does nothing";
    return [{ property, rule, got: syncInterval, cure: "leave it out" }];
  }
  const cure = "leave it out to write at once";
  const [sync = 0, window = Infinity] = [seconds(syncInterval), seconds(timeWindow)];
  return [
    ...durationFailures({ [property]: syncInterval }, { min: "100ms" }, cure),
    ...(sync < window ? [] : [{ property, rule: "must be below timeWindow", got: syncInterval, cure }]),
  ];
}

/** Options of `Plugin.limitReq`: a rate of requests, with room for bursts (leaky bucket). */
export interface LimitReqPluginOptions extends CommonPluginOptions, CounterOptions {
  /** Requests per second, above 0. Faster requests are delayed, as far as `burst` allows. */
  readonly rate: number;
  /** Requests per second above `rate` that are delayed and not refused, 0 or more. */
  readonly burst: number;
  /** Key by which requests are counted, interpreted by `keyType`: `remote_addr`. */
  readonly key: string;
  /** Kind of `key`: a variable (`remote_addr`) or several (`$remote_addr $host`). @default "var" */
  readonly keyType?: "var" | "var_combination";
  /** Location of the count: in each gateway, or for all of them in a Redis. @default "local" */
  readonly policy?: "local" | "redis" | "redis-cluster";
  /** Status of refused requests, 200 to 599. @default 503 */
  readonly rejectedCode?: number;
  /** Message of refused requests. @default - none */
  readonly rejectedMsg?: string;
  /** Whether requests of a burst pass without delay. @default false */
  readonly nodelay?: boolean;
  /** Whether requests pass while the Redis can't be reached. @default false */
  readonly allowDegradation?: boolean;
}

export function limitReq(options: LimitReqPluginOptions): PluginParts {
  return partsOf("limit-req", options, wire({ ...options, ...renderCounter(options) }), (at) => [
    ...numberFailures({ [`${at}.rate`]: options.rate }, { above: 0, whole: false }, "give requests a second"),
    ...numberFailures({ [`${at}.burst`]: options.burst }, { min: 0, whole: false }, "0 refuses what is too fast"),
    ...numberFailures({ [`${at}.rejectedCode`]: options.rejectedCode }, { min: 200, max: 599 }),
    ...counterFailures(at, options),
  ]);
}

/** Redis in which gateways share a count. The plugin's `policy` decides which options it needs. */
export interface CounterOptions {
  /** Host, for policy `redis`. @default - none */
  readonly redisHost?: string;
  /** Port, 1 to 65535, for policy `redis`. @default 6379 */
  readonly redisPort?: number;
  /** User name. @default - none */
  readonly redisUsername?: string;
  /**
   * Password: `gateway.secret("NAME")`. Plain text is refused, because every reader of Consul would have it.
   *
   * @default - none
   */
  readonly redisPassword?: string;
  /** Number of the database, 0 or more. @default 0 */
  readonly redisDatabase?: number;
  /** Time limit of a request to it, a Go duration of whole milliseconds, at least 1. @default "1s" */
  readonly redisTimeout?: string;
  /** Whether connections use TLS, for policy `redis`. @default false */
  readonly redisSsl?: boolean;
  /** Whether its certificate is verified, for policy `redis`. @default false */
  readonly redisSslVerify?: boolean;
  /** Time for which an idle connection is kept, a Go duration of whole milliseconds, at least 1s. @default "10s" */
  readonly redisKeepaliveTimeout?: string;
  /** Number of connections that are kept, at least 1. @default 100 */
  readonly redisKeepalivePool?: number;
  /** Nodes, for policy `redis-cluster`: `["10.0.0.5:6379"]`. @default - none */
  readonly redisClusterNodes?: readonly string[];
  /** Name of the cluster, any text, for policy `redis-cluster`. @default - none */
  readonly redisClusterName?: string;
  /** Whether connections use TLS, for policy `redis-cluster`. @default false */
  readonly redisClusterSsl?: boolean;
  /** Whether its certificates are verified, for policy `redis-cluster`. @default false */
  readonly redisClusterSslVerify?: boolean;
  /** Addresses of the sentinels, for policy `redis-sentinel`. @default - none */
  readonly redisSentinels?: readonly RedisSentinel[];
  /** Name of the master, for policy `redis-sentinel`. @default - none */
  readonly redisMasterName?: string;
  /** Role of the Redis that is used, for policy `redis-sentinel`. @default "master" */
  readonly redisRole?: "master" | "slave";
  /** User name at the sentinels, for policy `redis-sentinel`. @default - none */
  readonly sentinelUsername?: string;
  /** Password at the sentinels, for policy `redis-sentinel`: `gateway.secret("NAME")`. @default - none */
  readonly sentinelPassword?: string;
}

/** Address of a sentinel of Redis. */
export interface RedisSentinel {
  /** Host. */
  readonly host: string;
  /** Port, 1 to 65535. */
  readonly port: number;
}

/** What {@link CounterOptions} have in them that APISIX has otherwise. */
function renderCounter({ redisTimeout, redisKeepaliveTimeout, redisSentinels }: CounterOptions): object {
  return {
    redisTimeout: milliseconds(redisTimeout),
    redisKeepaliveTimeout: milliseconds(redisKeepaliveTimeout),
    redisSentinels: redisSentinels?.map((each) => wire(each)),
  };
}

/** What each policy needs. */
const NEEDS: Readonly<Record<string, readonly (keyof CounterOptions)[]>> = {
  redis: ["redisHost"],
  "redis-cluster": ["redisClusterNodes", "redisClusterName"],
  "redis-sentinel": ["redisSentinels", "redisMasterName"],
};

function counterFailures(at: string, options: CounterOptions & { readonly policy?: string }): Failure[] {
  const { policy = "local", redisTimeout, redisKeepaliveTimeout, redisSentinels = [] } = options;
  const given = Object.entries(options).filter(
    ([name, value]) => value !== undefined && (name.startsWith("redis") || name.startsWith("sentinel")),
  );
  if (policy === "local")
    return given.map(([name]) => ({
      property: `${at}.${name}`,
      rule: "must go with a policy that keeps the count in a Redis, or it does nothing",
      cure: "add policy: 'redis', or leave it out",
    }));
  const least = (names: readonly (keyof CounterOptions)[], min: number, max?: number): Failure[] =>
    names.flatMap((name) => numberFailures({ [`${at}.${name}`]: options[name] as number | undefined }, { min, max }));
  return [
    ...(NEEDS[policy] ?? [])
      .filter((name) => options[name] === undefined)
      .map((name) => ({
        property: `${at}.${name}`,
        rule: `must go with policy: '${policy}'`,
        cure: "say where the Redis is",
      })),
    ...least(["redisPort"], 1, 65535),
    ...least(["redisDatabase"], 0),
    ...least(["redisKeepalivePool"], 1),
    ...durationFailures({ [`${at}.redisTimeout`]: redisTimeout }, { min: "1ms", whole: "milliseconds" }),
    ...durationFailures(
      { [`${at}.redisKeepaliveTimeout`]: redisKeepaliveTimeout },
      { min: "1s", whole: "milliseconds" },
    ),
    ...listFailures(`${at}.redisClusterNodes`, options.redisClusterNodes, "for example ['10.0.0.5:6379']"),
    ...redisSentinels.flatMap(({ port }, index) =>
      numberFailures({ [`${at}.redisSentinels[${index}].port`]: port }, { min: 1, max: 65535 }, "26379 is usual"),
    ),
  ];
}
