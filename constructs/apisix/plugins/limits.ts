import { durationFailures } from "../../private/duration";
import { Failure } from "../../private/failure";
import { wire } from "../render/document";
import { CommonPluginOptions, partsOf, PluginParts } from "./parts";
import { listFailures, milliseconds, numberFailures, seconds } from "../values";

/** Limit of requests in a window of time. Either `count` and `timeWindow`, or `rules`. */
export interface LimitCountPluginOptions extends CommonPluginOptions, CounterOptions {
  /** Requests per window, above 0, or text with variables. @default - those of `rules` */
  readonly count?: number | string;
  /** Length of the window: a duration of whole seconds, above 0 (`"1m"`), or text with variables, whose value is in seconds. @default - those of `rules` */
  readonly timeWindow?: string;
  /** Kind of window, from APISIX 3.18 on. @default "fixed" */
  readonly windowType?: "fixed" | "sliding";
  /** Several limits at a time, each by a key of its own. @default - one, by `count` and `timeWindow` */
  readonly rules?: readonly LimitCountRule[];
  /** What is counted by, as `keyType` reads it. @default "remote_addr" */
  readonly key?: string;
  /** A variable (`remote_addr`), several (`$remote_addr $host`), or the same for all. @default "var" */
  readonly keyType?: "var" | "var_combination" | "constant";
  /** Status of refused requests, 200 to 599. @default 503 */
  readonly rejectedCode?: number;
  /** Message of refused requests. @default - none */
  readonly rejectedMsg?: string;
  /**
   * Where the count is kept: by each gateway, or by all in a Redis (`redis-sentinel` from APISIX 3.18 on).
   *
   * @default "local"
   */
  readonly policy?: "local" | "redis" | "redis-cluster" | "redis-sentinel";
  /** Lets requests through while the Redis is away. @default false */
  readonly allowDegradation?: boolean;
  /** Whether the answer has a header with what is left: `X-RateLimit-Remaining`. @default true */
  readonly showLimitQuotaHeader?: boolean;
  /** Routes of one group share a count. All with the same options. @default - a count of its own */
  readonly group?: string;
  /** With a Redis: the time between two writes to it, a duration of at least 100ms. From APISIX 3.18 on. @default - writes at once */
  readonly syncInterval?: string;
}

export interface LimitCountRule {
  /** As above. */
  readonly count: number | string;
  /** As above. */
  readonly timeWindow: string;
  /** Variables: `$http_x_tenant`. Each rule has one of its own. */
  readonly key: string;
  /** `tenant` for `X-tenant-RateLimit-Limit`. @default - the rule's place in the list */
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
        rule: "must be there, where there are no rules",
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

/** Limit of the rate of requests, with room for bursts (leaky bucket). */
export interface LimitReqPluginOptions extends CommonPluginOptions, CounterOptions {
  /** Requests per second, above 0. Faster ones are delayed, as `burst` allows. */
  readonly rate: number;
  /** Requests per second above `rate` that are delayed and not refused, 0 or more. */
  readonly burst: number;
  /** What is counted by, as `keyType` reads it: `remote_addr`. */
  readonly key: string;
  /** A variable (`remote_addr`) or several (`$remote_addr $host`). @default "var" */
  readonly keyType?: "var" | "var_combination";
  /** Where the count is kept: by each gateway, or by all in a Redis. @default "local" */
  readonly policy?: "local" | "redis" | "redis-cluster";
  /** Status of refused requests, 200 to 599. @default 503 */
  readonly rejectedCode?: number;
  /** Message of refused requests. @default - none */
  readonly rejectedMsg?: string;
  /** Whether requests of a burst pass without delay. @default false */
  readonly nodelay?: boolean;
  /** Lets requests through while the Redis is away. @default false */
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

/** The Redis in which gateways share a count, by the plugin's `policy`. */
export interface CounterOptions {
  /** Policy redis: its host. @default - none */
  readonly redisHost?: string;
  /** Policy redis: its port, 1 to 65535. @default 6379 */
  readonly redisPort?: number;
  /** @default - none */
  readonly redisUsername?: string;
  /**
   * From `gateway.secret("NAME")`: plain text is refused, since every reader of Consul would have it.
   *
   * @default - none
   */
  readonly redisPassword?: string;
  /** 0 or more. @default 0 */
  readonly redisDatabase?: number;
  /** Time limit of a request to it, a duration of whole milliseconds, at least 1. @default "1s" */
  readonly redisTimeout?: string;
  /** Policy redis: whether it is spoken to by TLS. @default false */
  readonly redisSsl?: boolean;
  /** Policy redis: whether its certificate has to be good. @default false */
  readonly redisSslVerify?: boolean;
  /** How long an idle connection is kept, a duration of whole milliseconds, at least 1s. @default "10s" */
  readonly redisKeepaliveTimeout?: string;
  /** Connections that are kept, at least 1. @default 100 */
  readonly redisKeepalivePool?: number;
  /** Policy redis-cluster: `["10.0.0.5:6379"]`. @default - none */
  readonly redisClusterNodes?: readonly string[];
  /** Policy redis-cluster: its name, any. @default - none */
  readonly redisClusterName?: string;
  /** Policy redis-cluster: whether it is spoken to by TLS. @default false */
  readonly redisClusterSsl?: boolean;
  /** Policy redis-cluster: whether its certificates have to be good. @default false */
  readonly redisClusterSslVerify?: boolean;
  /** Policy redis-sentinel: where its sentinels are. @default - none */
  readonly redisSentinels?: readonly RedisSentinel[];
  /** Policy redis-sentinel: the master's name there. @default - none */
  readonly redisMasterName?: string;
  /** Policy redis-sentinel. @default "master" */
  readonly redisRole?: "master" | "slave";
  /** Policy redis-sentinel. @default - none */
  readonly sentinelUsername?: string;
  /** Policy redis-sentinel, as `redisPassword`. @default - none */
  readonly sentinelPassword?: string;
}

export interface RedisSentinel {
  readonly host: string;
  /** 1 to 65535. */
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
