import { Failure } from "../private/failure";
import { conditionFailures } from "./condition-rules";
import { RouteMatch } from "./route-options";
import { addressFailures, hostFailures, listFailures, numberFailures, timeoutFailures } from "./value-rules";

const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PURGE"];

/** Those that answer by themselves, so that their route needs nothing behind it. */
const ANSWERING = [
  ...["redirect", "public-api", "mocking", "echo", "fault-injection", "serverless-pre-function", "mcp-bridge"],
  ...["aws-lambda", "azure-functions", "openfunction", "openwhisk", "ai-proxy", "ai-proxy-multi"],
];

/** What APISIX would refuse of a route, or take and never match. */
export function routeFailures(route: RouteMatch): Failure[] {
  const { uri, uris, methods, vars, priority, status, timeout } = route;
  return [
    ...uriFailures(uri, uris),
    ...hostFailures("hosts", route.hosts),
    ...listFailures("methods", methods, "leave it out for every method"),
    ...(methods ?? [])
      .filter((method) => !METHODS.includes(method))
      .map((got) => ({ property: "methods", rule: `must be of ${METHODS.join(" ")}`, got, cure: "use capitals" })),
    ...conditionFailures("vars", vars ?? []),
    ...numberFailures({ priority }, {}, "0 is usual, higher ones win"),
    ...addressFailures("remoteAddrs", route.remoteAddrs),
    ...numberFailures({ status }, { min: 0, max: 1 }, "1 is on, 0 is off"),
    ...timeoutFailures("timeout", timeout),
  ];
}

function uriFailures(uri: string | undefined, uris: readonly string[] | undefined): Failure[] {
  if ((uri === undefined) === (uris === undefined)) {
    const cure = uri === undefined ? "for example uri: '/hello/*'" : "leave out uri, and add it to uris";
    const rule = uri === undefined ? "must be there, or uris" : "can't go with uris";
    return [{ property: "uri", rule, got: uri, cure }];
  }
  const property = uri === undefined ? "uris" : "uri";
  return [
    ...listFailures("uris", uris, "for example uris: ['/hello', '/hello/*']"),
    ...(uris ?? [uri ?? ""]).flatMap((each) => oneUriFailures(property, each)),
  ];
}

function oneUriFailures(property: string, got: string): Failure[] {
  const failure = (rule: string, cure: string): Failure[] => [{ property, rule, got, cure }];
  if (!got.startsWith("/")) return failure("must start with '/'", `write '/${got.replace(/^\w+:\/\/[^/]*\/?/, "")}'`);
  if (got.length > 4096) return failure("must have at most 4096 characters", "shorten it");
  if (/\*./.test(got)) return failure("can have '*' at the end only", `write '${got.slice(0, got.indexOf("*") + 1)}'`);
  if (/[?#\s]/.test(got))
    return failure(
      "must be a path alone, without '?', '#' and white space",
      'match arguments by vars: [["arg_version", "==", "v2"]]',
    );
  return [];
}

/** Where a route's requests go. @param plugins names */
export function destinationFailures(upstream: unknown, service: unknown, plugins: readonly string[]): Failure[] {
  if (upstream !== undefined && service !== undefined)
    return [{ property: "upstream", rule: "can't go with 'service', which has one", cure: "leave either out" }];
  if (upstream !== undefined || service !== undefined || plugins.some((name) => ANSWERING.includes(name))) return [];
  const cure = 'for example upstream: Upstream.toService(job.service("www"))';
  return [{ property: "upstream", rule: "must be there, or 'service', or a plugin that answers by itself", cure }];
}
