/**
 * How a gateway finds out by itself which nodes of an upstream work, beside Consul's checks.
 *
 * @see https://apisix.apache.org/docs/apisix/tutorials/health-check/
 */
export interface UpstreamHealthCheck {
  /** The gateway asks by itself. There is no passive check without one: nothing else brings a node back. */
  readonly active: ActiveHealthCheck;
  /** What requests of clients led to counts, too. @default - it does not */
  readonly passive?: PassiveHealthCheck;
}

export interface ActiveHealthCheck {
  /** @default "http" */
  readonly type?: "http" | "https" | "tcp";
  /** Seconds for an answer, above 0. @default 1 */
  readonly timeout?: number;
  /** Nodes that are asked at a time, at least 1. @default 10 */
  readonly concurrency?: number;
  /** Starts with a slash. @default "/" */
  readonly httpPath?: string;
  /** From APISIX 3.18 on. @default "GET" */
  readonly httpMethod?: string;
  /** The `Host` of the question. @default - the node's */
  readonly host?: string;
  /** Another port that is asked, 1 to 65535. @default - the node's */
  readonly port?: number;
  /** Of type https: whether the certificate has to be good. @default true */
  readonly httpsVerifyCertificate?: boolean;
  /** Headers of the question, whole lines: `["User-Agent: gateway"]`. @default - none */
  readonly reqHeaders?: readonly string[];
  /** What brings a node back. @default - two good answers, asked every second */
  readonly healthy?: HealthyWhen;
  /** What takes a node out. @default - five bad ones, asked every second */
  readonly unhealthy?: UnhealthyWhen;
}

export interface HealthyWhen {
  /** Seconds between two questions to a node that is in, whole and at least 1. @default 1 */
  readonly interval?: number;
  /** Good answers in a row, 1 to 254. @default 2 */
  readonly successes?: number;
  /** Good statuses, 200 to 599. @default [200, 302] */
  readonly httpStatuses?: readonly number[];
}

export interface UnhealthyWhen {
  /** Seconds between two questions to a node that is out, whole and at least 1. @default 1 */
  readonly interval?: number;
  /** Bad statuses, 200 to 599. @default [429, 404, 500, 501, 502, 503, 504, 505] */
  readonly httpStatuses?: readonly number[];
  /** Bad statuses in a row, 1 to 254. @default 5 */
  readonly httpFailures?: number;
  /** Failed connections in a row, 1 to 254. @default 2 */
  readonly tcpFailures?: number;
  /** Questions without an answer in time, 1 to 254. @default 3 */
  readonly timeouts?: number;
}

export interface PassiveHealthCheck {
  /** @default "http" */
  readonly type?: "http" | "https" | "tcp";
  /** @default - five good answers bring a node back */
  readonly healthy?: PassivelyHealthyWhen;
  /** @default - five of the statuses 429, 500 and 503 take it out */
  readonly unhealthy?: PassivelyUnhealthyWhen;
}

export interface PassivelyHealthyWhen {
  /** Good answers in a row, 0 to 254; 0 never brings it back. @default 5 */
  readonly successes?: number;
  /** Good statuses, 200 to 599. @default - those from 200 to 208 and from 300 to 308, and 226 */
  readonly httpStatuses?: readonly number[];
}

export interface PassivelyUnhealthyWhen {
  /** Bad statuses, 200 to 599. @default [429, 500, 503] */
  readonly httpStatuses?: readonly number[];
  /** Bad statuses in a row, 0 to 254; 0 never takes it out. @default 5 */
  readonly httpFailures?: number;
  /** Failed connections in a row, 0 to 254. @default 2 */
  readonly tcpFailures?: number;
  /** Requests without an answer in time, 0 to 254. @default 7 */
  readonly timeouts?: number;
}
