import { durationFailures } from "../private/duration";
import { Failure } from "../private/failure";
import { ApisixObject, wire } from "./render/document";
import { hostFailures, numberFailures, seconds, statusFailures, textFailures } from "./values";

/**
 * Health checks of an upstream's nodes by the gateway, in addition to Consul's.
 *
 * @see https://apisix.apache.org/docs/apisix/tutorials/health-check/
 */
export interface UpstreamHealthCheck {
  /** Checks by requests of the gateway itself. Required, because only they make a node healthy again that a passive check took out. */
  readonly active: ActiveHealthCheck;
  /** Checks by the answers to clients' requests. @default - none */
  readonly passive?: PassiveHealthCheck;
}

/** Checks by requests of the gateway itself. */
export interface ActiveHealthCheck {
  /** Protocol of the check. @default "http" */
  readonly type?: "http" | "https" | "tcp";
  /** Time limit for an answer, a Go duration above 0: `"500ms"`. @default "1s" */
  readonly timeout?: string;
  /** Number of nodes that are checked at a time, at least 1. @default 10 */
  readonly concurrency?: number;
  /** Path of the request, starts with a slash. @default "/" */
  readonly httpPath?: string;
  /** Method of the request, from APISIX 3.18 on. @default "GET" */
  readonly httpMethod?: string;
  /** `Host` of the request. @default - the node's */
  readonly host?: string;
  /** Port that is checked, 1 to 65535. @default - the node's */
  readonly port?: number;
  /** Whether the certificate is verified, with type https. @default true */
  readonly httpsVerifyCertificate?: boolean;
  /** Headers of the request as whole lines: `["User-Agent: gateway"]`. @default - none */
  readonly reqHeaders?: readonly string[];
  /** Conditions under which a node becomes healthy. @default - two good answers, checked every second */
  readonly healthy?: HealthyWhen;
  /** Conditions under which a node becomes unhealthy. @default - five bad answers, checked every second */
  readonly unhealthy?: UnhealthyWhen;
}

/** Conditions of an active check under which a node becomes healthy. */
export interface HealthyWhen {
  /** Time between two checks of a healthy node, a Go duration of whole seconds, at least 1. @default "1s" */
  readonly interval?: string;
  /** Number of good answers in a row, 1 to 254. @default 2 */
  readonly successes?: number;
  /** Good statuses, 200 to 599. @default [200, 302] */
  readonly httpStatuses?: readonly number[];
}

/** Conditions of an active check under which a node becomes unhealthy. */
export interface UnhealthyWhen {
  /** Time between two checks of an unhealthy node, a Go duration of whole seconds, at least 1. @default "1s" */
  readonly interval?: string;
  /** Bad statuses, 200 to 599. @default [429, 404, 500, 501, 502, 503, 504, 505] */
  readonly httpStatuses?: readonly number[];
  /** Number of bad statuses in a row, 1 to 254. @default 5 */
  readonly httpFailures?: number;
  /** Number of failed connections in a row, 1 to 254. @default 2 */
  readonly tcpFailures?: number;
  /** Number of checks without an answer in time, 1 to 254. @default 3 */
  readonly timeouts?: number;
}

/** Checks by the answers to clients' requests. */
export interface PassiveHealthCheck {
  /** Protocol of the check. @default "http" */
  readonly type?: "http" | "https" | "tcp";
  /** Conditions under which a node becomes healthy. @default - five good answers */
  readonly healthy?: PassivelyHealthyWhen;
  /** Conditions under which a node becomes unhealthy. @default - five of the statuses 429, 500 and 503 */
  readonly unhealthy?: PassivelyUnhealthyWhen;
}

/** Conditions of a passive check under which a node becomes healthy. */
export interface PassivelyHealthyWhen {
  /** Number of good answers in a row, 0 to 254; with 0 the node never becomes healthy this way. @default 5 */
  readonly successes?: number;
  /** Good statuses, 200 to 599. @default - those from 200 to 208 and from 300 to 308, and 226 */
  readonly httpStatuses?: readonly number[];
}

/** Conditions of a passive check under which a node becomes unhealthy. */
export interface PassivelyUnhealthyWhen {
  /** Bad statuses, 200 to 599. @default [429, 500, 503] */
  readonly httpStatuses?: readonly number[];
  /** Number of bad statuses in a row, 0 to 254; with 0 the node never becomes unhealthy this way. @default 5 */
  readonly httpFailures?: number;
  /** Number of failed connections in a row, 0 to 254. @default 2 */
  readonly tcpFailures?: number;
  /** Number of requests without an answer in time, 0 to 254. @default 7 */
  readonly timeouts?: number;
}

/** Programs in JavaScript may leave out what the type demands. */
type AsWritten = Partial<UpstreamHealthCheck>;

/**
 * Both halves of each side, whatever was left out: APISIX has defaults within a half, but takes a half that is missing for one
 * that is off, so that a node is never found unhealthy, or never brought back.
 */
export function renderHealthCheck({ active, passive }: AsWritten): ApisixObject {
  const asked = ({ interval = "1s", ...rest }: HealthyWhen | UnhealthyWhen = {}): ApisixObject =>
    wire({ interval: seconds(interval), ...rest });
  return wire({
    active:
      active &&
      wire({
        ...active,
        timeout: seconds(active.timeout),
        healthy: asked(active.healthy),
        unhealthy: asked(active.unhealthy),
      }),
    passive:
      passive &&
      wire({
        ...passive,
        healthy: wire({ successes: 5, ...passive.healthy }),
        unhealthy: wire({ httpFailures: 5, ...passive.unhealthy }),
      }),
  });
}

export function healthCheckFailures(at: string, checks: AsWritten): Failure[] {
  const { active, passive } = checks;
  if (active === undefined) {
    const cure = "add active: {}, which asks for '/' every second, or leave 'checks' out";
    const rule = "must be given: without it nothing brings back a node that a passive check took out";
    return [{ property: `${at}.active`, rule, cure }];
  }
  return [
    ...activeFailures(`${at}.active`, active),
    ...(passive === undefined ? [] : passiveFailures(`${at}.passive`, passive)),
  ];
}

function activeFailures(at: string, active: ActiveHealthCheck): Failure[] {
  const { healthy = {}, unhealthy = {}, host } = active;
  const intervals = { [`${at}.healthy.interval`]: healthy.interval, [`${at}.unhealthy.interval`]: unhealthy.interval };
  const counts = {
    [`${at}.healthy.successes`]: healthy.successes,
    [`${at}.unhealthy.httpFailures`]: unhealthy.httpFailures,
    [`${at}.unhealthy.tcpFailures`]: unhealthy.tcpFailures,
    [`${at}.unhealthy.timeouts`]: unhealthy.timeouts,
  };
  return [
    ...durationFailures(intervals, { min: "1s", whole: "seconds" }, "to have no check, leave 'checks' out"),
    ...numberFailures(counts, { min: 1, max: 254 }),
    ...durationFailures({ [`${at}.timeout`]: active.timeout }, { above: "0s" }),
    ...numberFailures({ [`${at}.concurrency`]: active.concurrency }, { min: 1 }),
    ...numberFailures({ [`${at}.port`]: active.port }, { min: 1, max: 65535 }, "leave it out for the node's port"),
    ...pathFailures(`${at}.httpPath`, active.httpPath),
    ...(host === undefined ? [] : hostFailures(`${at}.host`, [host])),
    ...(active.reqHeaders ?? []).flatMap((header) =>
      textFailures(
        { [`${at}.reqHeaders`]: header },
        /^[!-9;-~]+: ?[^\r\n]*$/,
        "must be whole header lines",
        "write it like 'User-Agent: gateway'",
      ),
    ),
    ...statusFailures(`${at}.healthy.httpStatuses`, healthy.httpStatuses, { min: 200, max: 599 }),
    ...statusFailures(`${at}.unhealthy.httpStatuses`, unhealthy.httpStatuses, { min: 200, max: 599 }),
  ];
}

function passiveFailures(at: string, { healthy = {}, unhealthy = {} }: PassiveHealthCheck): Failure[] {
  const counts = {
    [`${at}.healthy.successes`]: healthy.successes,
    [`${at}.unhealthy.httpFailures`]: unhealthy.httpFailures,
    [`${at}.unhealthy.tcpFailures`]: unhealthy.tcpFailures,
    [`${at}.unhealthy.timeouts`]: unhealthy.timeouts,
  };
  return [
    ...numberFailures(counts, { min: 0, max: 254 }),
    ...statusFailures(`${at}.healthy.httpStatuses`, healthy.httpStatuses, { min: 200, max: 599 }),
    ...statusFailures(`${at}.unhealthy.httpStatuses`, unhealthy.httpStatuses, { min: 200, max: 599 }),
  ];
}

function pathFailures(property: string, path: string | undefined): Failure[] {
  const cure = `write '/${(path ?? "").replace(/^https?:\/\/[^/]*\/?/, "")}'; host and port are the node's`;
  return textFailures({ [property]: path }, /^\//, "must start with '/'", cure);
}
