import { wire, wireOptional } from "../render/document";
import { CommonPluginOptions, partsOf, PluginParts } from "./parts";
import { subnetListFailures, numberFailures, textFailures } from "../values";

/** Counts requests for Prometheus. */
export interface PrometheusPluginOptions extends CommonPluginOptions {
  /** Whether routes and services are labelled with their names, not with their ids. @default false */
  readonly preferName?: boolean;
}

export function prometheus(options: PrometheusPluginOptions): PluginParts {
  return partsOf("prometheus", options, wire(options), () => []);
}

/** Gives every request a name of its own. */
export interface RequestIdPluginOptions extends CommonPluginOptions {
  /** @default "X-Request-Id" */
  readonly headerName?: string;
  /** Whether the answer has it, too. @default true */
  readonly includeInResponse?: boolean;
  /** `uuidv7` from APISIX 3.17 on. @default "uuid" */
  readonly algorithm?: "uuid" | "nanoid" | "range_id" | "ksuid" | "uuidv7";
  /** With `range_id`. @default - 16 letters and digits */
  readonly rangeId?: RangeIdOptions;
}

export interface RangeIdOptions {
  /** At least 6. @default 16 */
  readonly length?: number;
  /** At least 6 characters. @default - letters and digits */
  readonly charSet?: string;
}

export function requestId(options: RequestIdPluginOptions): PluginParts {
  const { algorithm, headerName, rangeId } = options;
  const config = { ...wire(options), ...wire({ rangeId: wireOptional(rangeId) }) };
  return partsOf("request-id", options, config, (at) => [
    ...textFailures(
      { [`${at}.headerName`]: headerName },
      /^[!-9;-~]+$/,
      "must be the name of a header",
      "leave it out",
    ),
    ...numberFailures({ [`${at}.rangeId.length`]: rangeId?.length }, { min: 6 }),
    ...textFailures(
      { [`${at}.rangeId.charSet`]: rangeId?.charSet },
      /^.{6,}$/,
      "must have at least 6 characters",
      "add some, or leave it out",
    ),
    ...(rangeId === undefined || algorithm === "range_id"
      ? []
      : [{ property: `${at}.rangeId`, rule: "must go with algorithm: 'range_id'", cure: "add it, or leave it out" }]),
  ]);
}

/** Takes the client's address from elsewhere: behind a proxy that passes it on. */
export interface RealIpPluginOptions extends CommonPluginOptions {
  /** A variable: `http_x_forwarded_for`, `arg_realip`. */
  readonly source: string;
  /** Only proxies of these addresses and subnets are believed. @default - all clients are */
  readonly trustedAddresses?: readonly string[];
  /** Whether further trusted ones are passed over in a list of addresses. @default false */
  readonly recursive?: boolean;
}

export function realIp(options: RealIpPluginOptions): PluginParts {
  return partsOf("real-ip", options, wire(options), (at) => [
    ...textFailures(
      { [`${at}.source`]: options.source },
      /^\w+$/,
      "must be a variable, without a dollar",
      "write it like 'http_x_forwarded_for'",
    ),
    ...subnetListFailures(`${at}.trustedAddresses`, options.trustedAddresses),
  ]);
}
