import { EmptyPolicy } from "../lvs";
import { UpstreamHealthCheck } from "./health-check";
import { GatewayTimeout } from "./value-rules";

/** Which node a request goes to. */
export enum UpstreamType {
  /** In turn, by weight. */
  ROUNDROBIN = "roundrobin",
  /** By a hash of `key`: one client keeps its node. */
  CHASH = "chash",
  /** Fewest requests under way, by weight. */
  LEAST_CONN = "least_conn",
  /** Fastest answers lately. */
  EWMA = "ewma",
}

/**
 * What an upstream has beside its nodes.
 *
 * @see https://apisix.apache.org/docs/apisix/admin-api/#upstream
 */
export interface UpstreamOptions {
  /** @default UpstreamType.ROUNDROBIN */
  readonly type?: UpstreamType;
  /** With CHASH: what `key` names. @default "vars" */
  readonly hashOn?: "vars" | "header" | "cookie" | "consumer" | "vars_combinations";
  /**
   * With CHASH: a variable like `remote_addr`, or the name of a header or cookie.
   *
   * @default - none, `consumer` needs none
   */
  readonly key?: string;
  /** The protocol that the nodes speak; tcp, tls and udp are for stream routes. @default "http" */
  readonly scheme?: "http" | "https" | "grpc" | "grpcs" | "kafka" | "tcp" | "tls" | "udp";
  /** The `Host` that a node gets: the client's, the node's own, or `upstreamHost`. @default "pass" */
  readonly passHost?: "pass" | "node" | "rewrite";
  /** With passHost "rewrite". @default - none */
  readonly upstreamHost?: string;
  /** Further nodes that are tried after one failed, 0 or more. @default - all others */
  readonly retries?: number;
  /** Seconds after which no further node is tried, 0 for no end. @default 0 */
  readonly retryTimeout?: number;
  /** @default - 60 seconds each; to instances in Consul 2 to connect, so that another one is tried where a machine lost its power */
  readonly timeout?: GatewayTimeout;
  /** Connections to the nodes that are kept open. @default - shared by all upstreams */
  readonly keepalivePool?: KeepalivePool;
  /** @default - no checks: the gateway relies on Consul's */
  readonly checks?: UpstreamHealthCheck;
}

export interface KeepalivePool {
  /** Connections a worker, at least 1. @default 320 */
  readonly size?: number;
  /** Seconds that one may be idle, 0 or more. @default 60 */
  readonly idleTimeout?: number;
  /** Requests a connection, at least 1. @default 1000 */
  readonly requests?: number;
}

export interface ServiceUpstreamOptions extends UpstreamOptions {
  /** The service is registered outside of this program. @default false */
  readonly elsewhere?: boolean;
  /**
   * What happens when no instance is healthy. While the last ones stay the gateway tries them; refused clients get 503. Gateways of this
   * library know it, other ones refuse at once.
   *
   * @default EmptyPolicy.refuse() - after 30 seconds, as a director does
   */
  readonly whenEmpty?: EmptyPolicy;
}

/** What a gateway waits at most for an instance in Consul: one that is gone is named there for some seconds more. */
export const SERVICE_TIMEOUT: GatewayTimeout = { connect: 2, send: 60, read: 60 };
