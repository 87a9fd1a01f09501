import { ConsulService } from "../consul";
import { EmptyPolicy } from "../lvs";
import { durationFailures, secondsOf } from "../private/duration";
import { Failure } from "../private/failure";
import { isMarked, mark } from "../private/mark";
import { healthCheckFailures, renderHealthCheck, UpstreamHealthCheck } from "./health-check";
import { ObjectContext } from "./object";
import { laterFieldFailures } from "./plugins/catalogue";
import { ApisixObject, wire } from "./render/document";
import {
  GatewayTimeout,
  hostFailures,
  numberFailures,
  renderTimeout,
  seconds,
  textFailures,
  timeoutFailures,
} from "./values";

/** Load balancing algorithm. */
export enum UpstreamType {
  /** Weighted round robin. */
  ROUNDROBIN = "roundrobin",
  /** Consistent hashing by `key`: one client keeps its node. */
  CHASH = "chash",
  /** Weighted least connections. */
  LEAST_CONN = "least_conn",
  /** Lowest latency, as an exponentially weighted moving average. */
  EWMA = "ewma",
}

/**
 * Options of an upstream besides its nodes.
 *
 * @see https://apisix.apache.org/docs/apisix/admin-api/#upstream
 */
export interface UpstreamOptions {
  /** Load balancing algorithm. @default UpstreamType.ROUNDROBIN */
  readonly type?: UpstreamType;
  /** Kind of `key` with CHASH. @default "vars" */
  readonly hashOn?: "vars" | "header" | "cookie" | "consumer" | "vars_combinations";
  /**
   * Key of the hash with CHASH: a variable like `remote_addr`, or the name of a header or cookie.
   *
   * @default - none; `consumer` needs none
   */
  readonly key?: string;
  /** Protocol of the nodes; tcp, tls and udp are for stream routes. @default "http" */
  readonly scheme?: "http" | "https" | "grpc" | "grpcs" | "kafka" | "tcp" | "tls" | "udp";
  /** `Host` that a node gets: the client's (`pass`), the node's own (`node`), or `upstreamHost` (`rewrite`). @default "pass" */
  readonly passHost?: "pass" | "node" | "rewrite";
  /** `Host` that a node gets with `passHost: "rewrite"`. @default - none */
  readonly upstreamHost?: string;
  /** Number of further nodes that are tried after one failed, 0 or more. @default - all others */
  readonly retries?: number;
  /** Time after which no further node is tried, a Go duration: `"2500ms"`; `"0s"` is no limit. @default "0s" */
  readonly retryTimeout?: string;
  /** Time limits. @default - 60s each; for instances in Consul 2s to connect, so that another instance is tried when a machine has lost its power */
  readonly timeout?: GatewayTimeout;
  /** Connections to the nodes that are kept open. @default - shared by all upstreams */
  readonly keepalivePool?: KeepalivePool;
  /** Health checks by the gateway itself. @default - none: the gateway relies on Consul's checks */
  readonly checks?: UpstreamHealthCheck;
}

/** Pool of connections to the nodes that are kept open. */
export interface KeepalivePool {
  /** Number of connections for each worker, at least 1. @default 320 */
  readonly size?: number;
  /** Time for which a connection may be idle, a Go duration. @default "60s" */
  readonly idleTimeout?: string;
  /** Number of requests for each connection, at least 1. @default 1000 */
  readonly requests?: number;
}

/** Options of an upstream whose nodes are instances in Consul. */
export interface ServiceUpstreamOptions extends UpstreamOptions {
  /** Whether the service is registered outside of the program. @default false */
  readonly elsewhere?: boolean;
  /**
   * Behavior while no instance is healthy. As long as the last instances stay, the gateway tries them; refused clients get 503. Only gateways
   * of this library support it; others refuse at once.
   *
   * @default EmptyPolicy.refuse() - after 30 seconds, as with a director
   */
  readonly whenEmpty?: EmptyPolicy;
}

/** What a gateway waits at most for an instance in Consul: one that is gone is named there for some seconds more. */
const SERVICE_TIMEOUT: GatewayTimeout = { connect: "2s", send: "60s", read: "60s" };

/** As when-empty.lua has it. */
const FOR_GOOD = -1;

const WHOLE_SECONDS_OF_A_DAY = { min: "0s", max: "24h", whole: "seconds" } as const;

/**
 * Nodes to which a gateway sends requests, with load balancing, retries, time limits and health checks.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/upstream/
 */
export class Upstream {
  /** Whether something is an upstream. */
  static isUpstream(x: unknown): x is Upstream {
    return isMarked(x, "Upstream");
  }

  /**
   * The healthy instances of a service in Consul at each moment. While none is healthy, `whenEmpty` applies.
   *
   * @param service name of the service, or a job's service: `job.service("www")`
   */
  static toService(service: ConsulService | string, options: ServiceUpstreamOptions = {}): Upstream {
    const { elsewhere = false, whenEmpty, ...rest } = options;
    // The type lets no number through; programs in JavaScript have no types.
    const named: ConsulService = typeof service === "object" ? service : { name: service };
    const target = {
      service_name: named.name,
      discovery_type: "consul",
      ...(whenEmpty && {
        discovery_args: { grace_seconds: whenEmpty.grace === undefined ? FOR_GOOD : secondsOf(whenEmpty.grace) },
      }),
    };
    return new Upstream(target, rest, named, elsewhere, (at) => [
      ...serviceNameFailures(at, named),
      ...durationFailures({ [`${at}.whenEmpty.grace`]: whenEmpty?.grace }, WHOLE_SECONDS_OF_A_DAY, "'30s' is usual"),
    ]);
  }

  /** Fixed nodes. @param nodes weight, 0 or more, by `HOST:PORT`: `{ "httpbin.org:80": 1 }` */
  static toNodes(nodes: Readonly<Record<string, number>>, options: UpstreamOptions = {}): Upstream {
    return new Upstream({ nodes: { ...nodes } }, options, undefined, false, (at) => nodeFailures(at, nodes));
  }

  private constructor(
    private readonly target: ApisixObject,
    private readonly options: UpstreamOptions,
    /** The service in Consul. @default - it has fixed nodes */
    readonly service: ConsulService | undefined,
    /** Whether the service is registered outside of this program. */
    readonly elsewhere: boolean,
    private readonly targetFailures: (at: string) => Failure[],
  ) {
    mark(this, "Upstream");
  }

  /** @internal @param stream whether it is for connections, which may be silent for longer than a request */
  _render(stream: boolean): ApisixObject {
    const { type = UpstreamType.ROUNDROBIN, scheme, retryTimeout, keepalivePool, checks } = this.options;
    const byDefault = this.service === undefined || stream || isStreamScheme(scheme) ? undefined : SERVICE_TIMEOUT;
    const { timeout = byDefault } = this.options;
    return {
      ...this.target,
      ...wire({
        ...this.options,
        type,
        retryTimeout: seconds(retryTimeout),
        timeout: renderTimeout(timeout),
        keepalivePool: keepalivePool && wire({ ...keepalivePool, idleTimeout: seconds(keepalivePool.idleTimeout) }),
        checks: checks && renderHealthCheck(checks),
      }),
    };
  }

  /** @internal @param at where the caller wrote it */
  _failures(at: string, { kind, version }: ObjectContext): Failure[] {
    const stream = kind === "stream_routes";
    // A shared one, or a service's, may be for either.
    const either = kind === "upstreams" || kind === "services";
    const { retries, retryTimeout, timeout, keepalivePool = {}, checks } = this.options;
    const pool = {
      [`${at}.keepalivePool.size`]: keepalivePool.size,
      [`${at}.keepalivePool.requests`]: keepalivePool.requests,
    };
    return [
      ...this.targetFailures(at),
      ...hashFailures(at, this.options),
      ...passHostFailures(at, this.options),
      ...(either ? [] : schemeFailures(at, this.options, stream)),
      ...numberFailures({ [`${at}.retries`]: retries }, { min: 0 }, "leave it out to try every node"),
      ...durationFailures({
        [`${at}.retryTimeout`]: retryTimeout,
        [`${at}.keepalivePool.idleTimeout`]: keepalivePool.idleTimeout,
      }),
      ...timeoutFailures(`${at}.timeout`, timeout),
      ...numberFailures(pool, { min: 1 }),
      ...(checks === undefined ? [] : healthCheckFailures(`${at}.checks`, checks)),
      ...laterFieldFailures("upstream", at, this._render(stream), version),
    ];
  }
}

const STREAM_SCHEMES = ["tcp", "tls", "udp"];

/** Whether it is about connections, not about requests. */
function isStreamScheme(scheme: UpstreamOptions["scheme"]): boolean {
  return STREAM_SCHEMES.includes(scheme ?? "http");
}

const VARIABLES = [
  ...["uri", "server_name", "server_addr", "request_uri", "remote_port", "remote_addr", "query_string", "host"],
  ...["hostname", "mqtt_client_id", "arg_[\\w-]+"],
];
const VARIABLE = new RegExp(`^(${VARIABLES.join("|")})$`);

function hashFailures(at: string, { type, hashOn, key }: UpstreamOptions): Failure[] {
  if (type !== UpstreamType.CHASH)
    return Object.entries({ hashOn, key })
      .filter(([, got]) => got !== undefined)
      .map(([name, got]) => ({
        property: `${at}.${name}`,
        rule: "must go with type: UpstreamType.CHASH, or it does nothing",
        got,
        cure: "add the type, or leave it out",
      }));
  if (hashOn === "consumer") return [];
  if (key === undefined) {
    const cure = "for example key: 'remote_addr', or hashOn: 'consumer'";
    return [{ property: `${at}.key`, rule: "must go with UpstreamType.CHASH: it says what is hashed", cure }];
  }
  const named = { [`${at}.key`]: key };
  if (hashOn === undefined || hashOn === "vars")
    return textFailures(
      named,
      VARIABLE,
      "must be a variable that APISIX hashes",
      "for example 'remote_addr', 'uri' or 'arg_user'; a header by hashOn: 'header'",
    );
  if (hashOn === "vars_combinations") return [];
  return textFailures(named, /^[\w-]+$/, `must be the name of a ${hashOn}`, "write it like 'session-id'");
}

function passHostFailures(at: string, { passHost, upstreamHost }: UpstreamOptions): Failure[] {
  if (passHost === "rewrite" && upstreamHost === undefined) {
    const cure = "for example upstreamHost: 'www.example.com'";
    return [{ property: `${at}.upstreamHost`, rule: "must go with passHost: 'rewrite'", cure }];
  }
  if (upstreamHost === undefined) return [];
  if (passHost === "rewrite") return hostFailures(`${at}.upstreamHost`, [upstreamHost]);
  const cure = "add passHost: 'rewrite', or leave it out";
  const rule = "must go with passHost: 'rewrite', or it does nothing";
  return [{ property: `${at}.upstreamHost`, rule, got: upstreamHost, cure }];
}

function schemeFailures(at: string, { scheme }: UpstreamOptions, stream: boolean): Failure[] {
  if (scheme === undefined || isStreamScheme(scheme) === stream) return [];
  const rule = stream
    ? "must be tcp, tls or udp in a stream route"
    : "can't be tcp, tls or udp outside of stream routes";
  return [{ property: `${at}.scheme`, rule, got: scheme, cure: stream ? "leave it out for tcp" : "use 'http'" }];
}

/** Nodes as `host:port` to their weight. */
function nodeFailures(at: string, nodes: Readonly<Record<string, number>>): Failure[] {
  const entries = Object.entries(nodes);
  if (entries.length === 0)
    return [{ property: `${at}.nodes`, rule: "must hold a node", cure: 'for example { "10.0.0.5:80": 1 }' }];
  return entries.flatMap(([node, weight]) => {
    const [, port] = /^(?:\[[0-9a-fA-F:.]+\]|[0-9a-zA-Z._-]+):(\d+)$/.exec(node) ?? [];
    const good = port !== undefined && Number(port) >= 1 && Number(port) <= 65535;
    const cure = "write it like '10.0.0.5:80', 'httpbin.org:80' or '[2001:db8::1]:80'";
    return [
      ...(good ? [] : [{ property: `${at}.nodes`, rule: "must be named HOST:PORT", got: node, cure }]),
      ...numberFailures({ [`${at}.nodes["${node}"]`]: weight }, { min: 0 }, "1 is usual, 0 takes no requests"),
    ];
  });
}

/** The name and port of a service. A port's number in it would be a part of the name, and found nowhere. */
function serviceNameFailures(
  at: string,
  {
    name,
    port,
    tag,
  }: {
    readonly name: string | number;
    readonly port?: string;
    readonly tag?: string;
  },
): Failure[] {
  const cure = "give its name alone; Consul knows the port";
  const rule = "must be the name of a service in Consul";
  if (typeof name !== "string" || !/^(?=.*[A-Za-z])[\w][\w.-]*$/.test(name))
    return [{ property: `${at}.service`, rule, got: name, cure }];
  if (tag !== undefined) {
    return [
      {
        property: `${at}.service`,
        rule: "can't be the instances with a tag, because APISIX asks Consul for a name and takes all of its instances",
        got: tag,
        cure: "register them under a name of their own",
      },
    ];
  }
  if (port === undefined || !/^\d+$/.test(port)) return [];
  return [
    {
      property: `${at}.service`,
      rule: "can't be registered by a port's number: its instances have no address then",
      got: port,
      cure: "register it by the label of a port",
    },
  ];
}
