import { versionAtLeast } from "../../private/version";
import { Failure } from "../../private/failure";
import { ApisixObject, wire, without } from "../render/document";
import { CommonPluginOptions, partsOf, PluginParts } from "./parts";
import { listFailures, numberFailures, textFailures } from "../values";

/** Value of a header, with variables (`$remote_addr`); several values of one name from APISIX 3.18 on. */
export type HeaderValue = string | number | readonly (string | number)[];

/** Options of `Plugin.proxyRewrite`: changes of requests before the upstream gets them. At least one option. */
export interface ProxyRewritePluginOptions extends CommonPluginOptions {
  /** New path, starts with a slash: `/v1$uri`. @default - unchanged */
  readonly uri?: string;
  /** New path by pairs of a regular expression and its replacement. @default - unchanged */
  readonly regexUri?: readonly string[];
  /** New `Host`, with or without a port. @default - by the upstream's `passHost` */
  readonly host?: string;
  /** New method. @default - unchanged */
  readonly method?: string;
  /** Changes of headers. @default - unchanged */
  readonly headers?: HeaderChanges;
  /** Whether the path is sent byte for byte as the client sent it. Such a path may bypass the restriction of a route's `uri`. @default false */
  readonly useRealRequestUriUnsafe?: boolean;
}

/** Changes of headers, in this order. */
export interface HeaderChanges {
  /** Headers to add to those that are there. @default - none */
  readonly add?: Readonly<Record<string, HeaderValue>>;
  /** Headers to set in place of those that are there. @default - none */
  readonly set?: Readonly<Record<string, HeaderValue>>;
  /** Names of headers to remove. @default - none */
  readonly remove?: readonly string[];
}

const METHODS = [
  ...["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "MKCOL", "COPY", "MOVE", "PROPFIND"],
  ...["LOCK", "UNLOCK", "PATCH", "TRACE"],
];

export function proxyRewrite(options: ProxyRewritePluginOptions): PluginParts {
  const { headers } = options;
  const config = wire({ ...without(options, "meta"), headers: headers && wire(headers) });
  return partsOf("proxy-rewrite", options, config, (at, { version }) => [
    ...rewriteFailures(at, options, config),
    ...(headers === undefined ? [] : headerFailures(`${at}.headers`, headers, versionAtLeast(version, "3.18.0"))),
  ]);
}

function rewriteFailures(at: string, options: ProxyRewritePluginOptions, config: ApisixObject): Failure[] {
  const { uri, regexUri, host, method } = options;
  const pairs = regexUri === undefined || (regexUri.length > 0 && regexUri.length % 2 === 0);
  return [
    ...(Object.keys(config).length > 0
      ? []
      : [{ property: at, rule: "must change something", cure: "for example uri: '/v1$uri'" }]),
    ...textFailures({ [`${at}.uri`]: uri }, /^\/.{0,4095}$/, "must start with '/'", "write it like '/v1$uri'"),
    ...textFailures(
      { [`${at}.host`]: host },
      /^[0-9a-zA-Z.-]+(:\d{1,5})?$/,
      "must be a host",
      "write 'www.example.com'",
    ),
    ...(method === undefined || METHODS.includes(method)
      ? []
      : [{ property: `${at}.method`, rule: `must be one of ${METHODS.join(" ")}`, got: method, cure: "use capitals" }]),
    ...(pairs
      ? []
      : [
          {
            property: `${at}.regexUri`,
            rule: "must hold pairs of a pattern and what takes its place",
            got: regexUri,
            cure: 'write it like ["^/old/(.*)", "/new/$1"]',
          },
        ]),
  ];
}

function headerFailures(at: string, { add, set, remove }: HeaderChanges, several: boolean): Failure[] {
  const cure = "write it like 'X-Tenant'";
  const named = (property: string, name: string): Failure[] =>
    textFailures({ [property]: name }, /^[!-9;-~]+$/, "must be names of headers, without a colon", cure);
  const values = Object.entries({ add, set }).flatMap(([verb, headers]) =>
    Object.entries(headers ?? {}).flatMap(([name, value]) => [
      ...named(`${at}.${verb}`, name),
      ...(several || !Array.isArray(value)
        ? []
        : [
            {
              property: `${at}.${verb}["${name}"]`,
              rule: "can't have several values before APISIX 3.18",
              got: value as unknown,
              cure: "write one, with commas",
            },
          ]),
    ]),
  );
  const empty = Object.entries({ add, set })
    .filter(([, headers]) => headers !== undefined && Object.keys(headers).length === 0)
    .map(([verb]) => ({ property: `${at}.${verb}`, rule: "must hold at least one", cure: "leave it out" }));
  const nothing = add === undefined && set === undefined && remove === undefined;
  return [
    ...values,
    ...empty,
    ...listFailures(`${at}.remove`, remove, "leave it out"),
    ...(remove ?? []).flatMap((name) => named(`${at}.remove`, name)),
    ...(nothing ? [{ property: at, rule: "must have add, set or remove", cure: "leave it out" }] : []),
  ];
}

/** Options of `Plugin.redirect`. Give exactly one of `uri`, `regexUri` and `httpToHttps`. */
export interface RedirectPluginOptions extends CommonPluginOptions {
  /** URL or path, with variables: `https://www.example.com$request_uri`. @default - none */
  readonly uri?: string;
  /** Regular expression of the path, and its replacement. @default - none */
  readonly regexUri?: readonly [pattern: string, replacement: string];
  /** Whether http is redirected to https. @default false */
  readonly httpToHttps?: boolean;
  /** Status of the redirect, 200 or more; with `httpToHttps` it is 301 or 308. @default 302 */
  readonly retCode?: number;
  /** Whether the URL is percent-encoded. @default false */
  readonly encodeUri?: boolean;
  /** Whether the query string is appended; not with httpToHttps, which keeps it. @default false */
  readonly appendQueryString?: boolean;
}

export function redirect(options: RedirectPluginOptions): PluginParts {
  const { uri, regexUri, httpToHttps, appendQueryString } = options;
  const ways = [uri, regexUri, httpToHttps].filter((way) => way !== undefined).length;
  return partsOf("redirect", options, wire(options), (at) => [
    ...(ways === 1
      ? []
      : [
          {
            property: at,
            rule: "must have exactly one of uri, regexUri and httpToHttps",
            cure: ways === 0 ? "for example httpToHttps: true" : "leave the others out",
          },
        ]),
    ...textFailures({ [`${at}.uri`]: uri }, /^.{2,}$/, "must have at least 2 characters", "write it like '/new$uri'"),
    ...numberFailures({ [`${at}.retCode`]: options.retCode }, { min: 200, max: 599 }),
    ...(httpToHttps === true && appendQueryString === true
      ? [{ property: `${at}.appendQueryString`, rule: "can't go with httpToHttps", cure: "leave it out" }]
      : []),
  ]);
}
