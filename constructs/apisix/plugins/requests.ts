import { wire, wireOptional } from "../render/document";
import { CommonPluginOptions, partsOf, PluginParts } from "./parts";
import { subnetListFailures, numberFailures, textFailures } from "../values";

/** Options of `Plugin.prometheus`. */
export interface PrometheusPluginOptions extends CommonPluginOptions {
  /** Whether routes and services are labelled with their names, not with their ids. @default false */
  readonly preferName?: boolean;
}

export function prometheus(options: PrometheusPluginOptions): PluginParts {
  return partsOf("prometheus", options, wire(options), () => []);
}

/** Options of `Plugin.requestId`. */
export interface RequestIdPluginOptions extends CommonPluginOptions {
  /** Header of the id. @default "X-Request-Id" */
  readonly headerName?: string;
  /** Whether the response has it, too. @default true */
  readonly includeInResponse?: boolean;
  /** Algorithm of the id; `uuidv7` from APISIX 3.17 on. @default "uuid" */
  readonly algorithm?: "uuid" | "nanoid" | "range_id" | "ksuid" | "uuidv7";
  /** Form of the id with `range_id`. @default - 16 letters and digits */
  readonly rangeId?: RangeIdOptions;
}

/** Form of an id with the algorithm `range_id`. */
export interface RangeIdOptions {
  /** Length of the id, at least 6. @default 16 */
  readonly length?: number;
  /** Characters of the id, at least 6. @default - letters and digits */
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

/** Options of `Plugin.realIp`: the client's address is taken from a variable of the request, behind a proxy that passes it on. */
export interface RealIpPluginOptions extends CommonPluginOptions {
  /** Variable that has the address: `http_x_forwarded_for`, `arg_realip`. */
  readonly source: string;
  /** Addresses and subnets of trusted proxies. @default - all clients are trusted */
  readonly trustedAddresses?: readonly string[];
  /** Whether trusted addresses are skipped in a list, to find the last that is not trusted. @default false */
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
