import { durationFailures } from "../../private/duration";
import { Failure } from "../../private/failure";
import { wire } from "../render/document";
import { CommonPluginOptions, partsOf, PluginParts } from "./parts";
import { listFailures, numberFailures, seconds, subnetListFailures, textFailures } from "../values";

/** Sites whose scripts may use a route (CORS). Lists are text with commas. `*` allows all, `**` allows all even with credentials. */
export interface CorsPluginOptions extends CommonPluginOptions {
  /** Origins: `https://a.example,https://b.example:8081`. @default "*" */
  readonly allowOrigins?: string;
  /** Methods: `GET,POST`. @default "*" */
  readonly allowMethods?: string;
  /** Headers of requests. @default "*" */
  readonly allowHeaders?: string;
  /** Headers of the answer that the page may read. @default - none */
  readonly exposeHeaders?: string;
  /** Time for which a browser may cache the answer, a Go duration of whole seconds; `"0s"` is no time. @default "5s" */
  readonly maxAge?: string;
  /** Whether requests may have credentials; `*` is not allowed then. @default false */
  readonly allowCredential?: boolean;
  /** Regular expressions in place of `allowOrigins`: `[".*\\.example\\.com$"]`. @default - none */
  readonly allowOriginsByRegex?: readonly string[];
  /** Names of lists in the plugin's metadata. @default - none */
  readonly allowOriginsByMetadata?: readonly string[];
  /** Origins that may see how long an answer took. @default - none */
  readonly timingAllowOrigins?: string;
  /** Regular expressions in place of `timingAllowOrigins`. @default - none */
  readonly timingAllowOriginsByRegex?: readonly string[];
}

const ORIGINS = /^(\*|\*\*|null|\w+:\/\/[^,]+(,\w+:\/\/[^,]+)*)$/;

export function cors(options: CorsPluginOptions): PluginParts {
  const { allowOrigins, timingAllowOrigins, allowOriginsByRegex, timingAllowOriginsByRegex } = options;
  return partsOf("cors", options, wire({ ...options, maxAge: seconds(options.maxAge) }), (at) => [
    ...textFailures(
      { [`${at}.allowOrigins`]: allowOrigins, [`${at}.timingAllowOrigins`]: timingAllowOrigins },
      ORIGINS,
      "must be '*', '**', 'null' or origins with commas between them",
      "write it like 'https://a.example,https://b.example:8081'",
    ),
    ...durationFailures({ [`${at}.maxAge`]: options.maxAge }, { whole: "seconds" }),
    ...credentialFailures(at, options),
    ...patternFailures(`${at}.allowOriginsByRegex`, allowOriginsByRegex),
    ...patternFailures(`${at}.timingAllowOriginsByRegex`, timingAllowOriginsByRegex),
    ...listFailures(`${at}.allowOriginsByMetadata`, options.allowOriginsByMetadata),
  ]);
}

function credentialFailures(at: string, options: CorsPluginOptions): Failure[] {
  if (options.allowCredential !== true) return [];
  const { allowOrigins = "*", allowMethods = "*", allowHeaders = "*", exposeHeaders, timingAllowOrigins } = options;
  return Object.entries({ allowOrigins, allowMethods, allowHeaders, exposeHeaders, timingAllowOrigins })
    .filter(([, value]) => value === "*")
    .map(([name, got]) => ({
      property: `${at}.${name}`,
      rule: "can't be '*' with allowCredential",
      got,
      cure: "name them, or use '**' to allow all",
    }));
}

function patternFailures(property: string, patterns: readonly string[] | undefined): Failure[] {
  return [
    ...listFailures(property, patterns),
    ...(patterns ?? []).flatMap((pattern) =>
      textFailures({ [property]: pattern }, /^.{1,4096}$/, "must have 1 to 4096 characters", "shorten it"),
    ),
  ];
}

/** Options of `Plugin.ipRestriction`. Give exactly one of the two lists. */
export interface IpRestrictionPluginOptions extends CommonPluginOptions {
  /** Addresses and subnets; all others are refused. @default - none */
  readonly whitelist?: readonly string[];
  /** Addresses and subnets; these are refused. @default - none */
  readonly blacklist?: readonly string[];
  /** Body of the refusal, 1 to 1024 characters. @default "Your IP address is not allowed" */
  readonly message?: string;
  /** Status of the refusal, 403 or 404. @default 403 */
  readonly responseCode?: number;
}

export function ipRestriction(options: IpRestrictionPluginOptions): PluginParts {
  const { whitelist, blacklist, message, responseCode } = options;
  const one = (whitelist === undefined) !== (blacklist === undefined);
  return partsOf("ip-restriction", options, wire(options), (at) => [
    ...(one
      ? []
      : [
          {
            property: at,
            rule: "must have exactly one of whitelist and blacklist",
            cure: "give the list of those allowed",
          },
        ]),
    ...subnetListFailures(`${at}.whitelist`, whitelist),
    ...subnetListFailures(`${at}.blacklist`, blacklist),
    ...textFailures({ [`${at}.message`]: message }, /^[^]{1,1024}$/, "must have 1 to 1024 characters", "shorten it"),
    ...numberFailures({ [`${at}.responseCode`]: responseCode }, { min: 403, max: 404 }),
  ]);
}
