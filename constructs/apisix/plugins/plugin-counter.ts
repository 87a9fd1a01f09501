import { Failure } from "../../private/failure";
import { ApisixObject, wire } from "../document-text";
import { listFailures, numberFailures } from "../value-rules";

/** The Redis that gateways share a count in, by the plugin's `policy`. */
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
  /** Milliseconds, at least 1. @default 1000 */
  readonly redisTimeout?: number;
  /** Policy redis: whether it is spoken to by TLS. @default false */
  readonly redisSsl?: boolean;
  /** Policy redis: whether its certificate has to be good. @default false */
  readonly redisSslVerify?: boolean;
  /** Milliseconds that an idle connection is kept, at least 1000. @default 10000 */
  readonly redisKeepaliveTimeout?: number;
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

/** What {@link CounterOptions} have in them that is nested. */
export function renderCounter({ redisSentinels }: CounterOptions): ApisixObject {
  return redisSentinels === undefined ? {} : { redis_sentinels: redisSentinels.map((each) => wire(each)) };
}

/** What each policy needs. */
const NEEDS: Readonly<Record<string, readonly (keyof CounterOptions)[]>> = {
  redis: ["redisHost"],
  "redis-cluster": ["redisClusterNodes", "redisClusterName"],
  "redis-sentinel": ["redisSentinels", "redisMasterName"],
};

export function counterFailures(at: string, options: CounterOptions & { readonly policy?: string }): Failure[] {
  const { policy = "local", redisSentinels = [] } = options;
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
    ...least(["redisTimeout", "redisKeepalivePool"], 1),
    ...least(["redisKeepaliveTimeout"], 1000),
    ...listFailures(`${at}.redisClusterNodes`, options.redisClusterNodes, "for example ['10.0.0.5:6379']"),
    ...redisSentinels.flatMap(({ port }, index) =>
      numberFailures({ [`${at}.redisSentinels[${index}].port`]: port }, { min: 1, max: 65535 }, "26379 is usual"),
    ),
  ];
}
