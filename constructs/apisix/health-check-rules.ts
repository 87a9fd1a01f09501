import { Failure } from "../private/failure";
import { ApisixObject, wire } from "./document-text";
import {
  ActiveHealthCheck,
  HealthyWhen,
  PassiveHealthCheck,
  PassivelyHealthyWhen,
  PassivelyUnhealthyWhen,
  UnhealthyWhen,
  UpstreamHealthCheck,
} from "./health-check";
import { hostFailures, numberFailures, statusFailures, textFailures } from "./value-rules";

/** Programs in JavaScript may leave out what the type demands. */
type AsWritten = Partial<UpstreamHealthCheck>;

/**
 * Both halves of each side, whatever was left out: APISIX has defaults within a half, but takes a half that is missing for one
 * that is off, so that a node is never found unhealthy, or never brought back.
 */
export function renderHealthCheck({ active, passive }: AsWritten): ApisixObject {
  return wire({
    active: active && renderSide(active, { interval: 1 }, { interval: 1 }),
    passive: passive && renderSide(passive, { successes: 5 }, { httpFailures: 5 }),
  });
}

function renderSide(
  side: ActiveHealthCheck | PassiveHealthCheck,
  healthy: HealthyWhen | PassivelyHealthyWhen,
  unhealthy: UnhealthyWhen | PassivelyUnhealthyWhen,
): ApisixObject {
  return wire({
    ...side,
    healthy: wire({ ...healthy, ...side.healthy }),
    unhealthy: wire({ ...unhealthy, ...side.unhealthy }),
  });
}

export function healthCheckFailures(at: string, checks: AsWritten): Failure[] {
  const { active, passive } = checks;
  if (active === undefined) {
    const cure = "add active: {}, which asks for '/' every second, or leave 'checks' out";
    const rule = "must be there: without it nothing brings back a node that a passive check took out";
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
    ...numberFailures(intervals, { min: 1 }, "give whole seconds; to have no check, leave 'checks' out"),
    ...numberFailures(counts, { min: 1, max: 254 }),
    ...numberFailures({ [`${at}.timeout`]: active.timeout }, { above: 0, whole: false }),
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
