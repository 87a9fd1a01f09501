import { durationFailures } from "../../private/duration";
import { Failure } from "../../private/failure";
import { wire, wireOptional } from "../render/document";
import { CommonPluginOptions, metaFailures, partsOf, PluginParts, withMeta } from "./parts";
import type { SharedUpstream } from "../shared-upstream";
import type { Upstream } from "../upstream";
import { Condition, conditionFailures, numberFailures, seconds, statusFailures } from "../values";

/** Options of `Plugin.apiBreaker`: it answers in place of an upstream that answers with errors, at first for 2 seconds, then twice as long each time. */
export interface ApiBreakerPluginOptions extends CommonPluginOptions {
  /** Status of the circuit breaker's answer, 200 to 599. */
  readonly breakResponseCode: number;
  /** Body of its answer. @default - none */
  readonly breakResponseBody?: string;
  /** Headers of its answer, only with a body. @default - none */
  readonly breakResponseHeaders?: readonly BreakResponseHeader[];
  /** Longest time for which it answers, a Go duration of whole seconds, at least 3; APISIX's `max_breaker_sec`. @default "5m" */
  readonly maxBreakerTime?: string;
  /** Condition under which it starts answering. @default - three answers of 500 */
  readonly unhealthy?: BreakWhen;
  /** Condition under which it stops answering. @default - three answers of 200 */
  readonly healthy?: MendWhen;
}

/** Header of a circuit breaker's answer. */
export interface BreakResponseHeader {
  /** Name of the header. */
  readonly key: string;
  /** Value of the header. */
  readonly value: string;
}

/** Condition under which a circuit breaker starts answering. */
export interface BreakWhen {
  /** Statuses that count as errors, 500 to 599. @default [500] */
  readonly httpStatuses?: readonly number[];
  /** Number of errors in a row, at least 1. @default 3 */
  readonly failures?: number;
}

/** Condition under which a circuit breaker stops answering. */
export interface MendWhen {
  /** Statuses that count as good, 200 to 499. @default [200] */
  readonly httpStatuses?: readonly number[];
  /** Number of good answers in a row, at least 1. @default 3 */
  readonly successes?: number;
}

export function apiBreaker(options: ApiBreakerPluginOptions): PluginParts {
  const { healthy, unhealthy, breakResponseHeaders, breakResponseBody } = options;
  const entries = Object.entries(options).map(([name, value]: [string, unknown]) =>
    name === "maxBreakerTime" ? ["maxBreakerSec", seconds(options.maxBreakerTime)] : [name, value],
  );
  const config = {
    ...wire(Object.fromEntries(entries) as object),
    ...wire({
      unhealthy: wireOptional(unhealthy),
      healthy: wireOptional(healthy),
      breakResponseHeaders: breakResponseHeaders?.map((header) => wire(header)),
    }),
  };
  return partsOf("api-breaker", options, config, (at) => [
    ...numberFailures(
      { [`${at}.breakResponseCode`]: options.breakResponseCode },
      { min: 200, max: 599 },
      "502 is usual",
    ),
    ...durationFailures({ [`${at}.maxBreakerTime`]: options.maxBreakerTime }, { min: "3s", whole: "seconds" }),
    ...statusFailures(`${at}.unhealthy.httpStatuses`, unhealthy?.httpStatuses, { min: 500, max: 599 }),
    ...statusFailures(`${at}.healthy.httpStatuses`, healthy?.httpStatuses, { min: 200, max: 499 }),
    ...numberFailures({ [`${at}.unhealthy.failures`]: unhealthy?.failures }, { min: 1 }),
    ...numberFailures({ [`${at}.healthy.successes`]: healthy?.successes }, { min: 1 }),
    ...(breakResponseHeaders === undefined || breakResponseBody !== undefined
      ? []
      : [
          {
            property: `${at}.breakResponseHeaders`,
            rule: "must go with breakResponseBody, or they are not sent",
            cure: "add a body, or leave them out",
          },
        ]),
  ]);
}

/** Options of `Plugin.trafficSplit`: a canary, or another version for requests that ask for it. */
export interface TrafficSplitPluginOptions extends CommonPluginOptions {
  /** Rules, at least one. The first that matches a request applies. */
  readonly rules: readonly TrafficSplitRule[];
}

/** Rule of a traffic split. */
export interface TrafficSplitRule {
  /** Lists of conditions; at least one list must be met: `[[["http_x_canary", "==", "yes"]]]`. @default - every request */
  readonly match?: readonly (readonly Condition[])[];
  /** Upstreams that share the requests, 1 to 20. */
  readonly weightedUpstreams: readonly WeightedUpstream[];
}

/** Upstream of a traffic split, with its share. */
export interface WeightedUpstream {
  /**
   * Upstream of this share. An `Upstream` becomes a separate object beside the route, because APISIX looks up no service and checks no node
   * within a split.
   *
   * @default - the route's own upstream
   */
  readonly upstream?: Upstream | SharedUpstream;
  /** Share of the requests relative to the other weights, 0 or more. @default 1 */
  readonly weight?: number;
}

export function trafficSplit(options: TrafficSplitPluginOptions): PluginParts {
  const { rules, meta } = options;
  return {
    name: "traffic-split",
    render: (toUpstreamId, at) =>
      withMeta(
        {
          rules: rules.map(({ match, weightedUpstreams }, rule) =>
            wire({
              match: match?.map((vars) => ({ vars })),
              weightedUpstreams: weightedUpstreams.map(({ upstream, weight = 1 }, index) => {
                const where = `${at}.rules[${rule}].weightedUpstreams[${index}].upstream`;
                const name = `split-${rule + 1}-${index + 1}`;
                return wire({ upstreamId: upstream && toUpstreamId(upstream, where, name), weight });
              }),
            }),
          ),
        },
        meta,
      ),
    failures: (at) => [
      ...metaFailures(at, meta),
      ...(rules.length > 0
        ? []
        : [{ property: `${at}.rules`, rule: "must hold at least one", cure: "give a rule, or leave the plugin out" }]),
      ...rules.flatMap((rule, index) => ruleFailures(`${at}.rules[${index}]`, rule)),
    ],
  };
}

function ruleFailures(at: string, { match, weightedUpstreams }: TrafficSplitRule): Failure[] {
  const property = `${at}.weightedUpstreams`;
  const weights = weightedUpstreams.map(({ weight = 1 }) => weight);
  const named = weightedUpstreams.map(({ upstream }) => upstream);
  const twice = named.filter((upstream, index) => named.indexOf(upstream) !== index);
  const cure = "for example [{ upstream, weight: 10 }, { weight: 90 }]";
  return [
    ...(match ?? []).flatMap((vars, index) => conditionFailures(`${at}.match[${index}]`, vars)),
    ...(weights.length >= 1 && weights.length <= 20
      ? []
      : [{ property, rule: "must hold 1 to 20", got: weights.length, cure }]),
    ...weights.flatMap((weight, index) =>
      numberFailures({ [`${property}[${index}].weight`]: weight }, { min: 0 }, cure),
    ),
    ...(weights.length > 0 && weights.every((weight) => weight === 0)
      ? [{ property, rule: "must have a weight above 0, or no request goes anywhere", got: weights, cure }]
      : []),
    ...(twice.length > 0
      ? [{ property, rule: "can't name one upstream twice: the last weight alone would count", cure: "add them up" }]
      : []),
  ];
}
