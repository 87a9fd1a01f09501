import { Construct } from "constructs";
import { ConsulService } from "../consul";
import { Failure } from "../private/failure";
import { isMarked, mark } from "../private/mark";
import { DescribedProps, draft, Draft, GatewayObjectBase, joined, ObjectContext, strangerFailures } from "./object";
import { factsOf } from "./plugins/catalogue";
import { Plugin } from "./plugins/plugin";
import { pluginsDraft } from "./plugins/plugin-list";
import { wire, without } from "./render/document";
import { GatewayService } from "./service";
import { SharedUpstream, upstreamDraft } from "./shared-upstream";
import { ServiceUpstreamOptions, Upstream } from "./upstream";
import {
  Condition,
  conditionFailures,
  descriptionFailures,
  GatewayTimeout,
  hostFailures,
  listFailures,
  numberFailures,
  renderTimeout,
  subnetListFailures,
  timeoutFailures,
} from "./values";

/** Conditions on requests. A route matches a request if all of them are met. */
export interface RouteMatch {
  /** Path; `*` at its end matches any rest: `/hello/*`. Either this or `uris`. @default - `uris` */
  readonly uri?: string;
  /** Several paths. @default - `uri` */
  readonly uris?: readonly string[];
  /** Host names; `*.example.com` matches all subdomains. @default - the service's, else every host */
  readonly hosts?: readonly string[];
  /** HTTP methods: `["GET", "POST"]`. @default - every method */
  readonly methods?: readonly string[];
  /** Conditions on variables of the request. @default - none */
  readonly vars?: readonly Condition[];
  /** Priority over routes with the same path, a whole number; the highest one is taken. @default 0 */
  readonly priority?: number;
  /** Addresses and subnets of clients. @default - every client */
  readonly remoteAddrs?: readonly string[];
  /** Whether WebSocket connections pass. @default false */
  readonly enableWebsocket?: boolean;
  /** Time limits in place of the upstream's. @default - the upstream's */
  readonly timeout?: GatewayTimeout;
  /** Whether the route is in use: 1 is on, 0 is off. @default 1 */
  readonly status?: 0 | 1;
}

/** Properties of a route. */
export interface RouteProps extends DescribedProps, RouteMatch {
  /** Target of the requests. Either this or `service`. @default - the upstream of the service */
  readonly upstream?: Upstream | SharedUpstream;
  /** The service whose upstream and plugins it uses. @default - none */
  readonly service?: GatewayService;
  /** Plugins, at most one of each name. @default - none */
  readonly plugins?: readonly Plugin[];
}

/** Properties of a route to a job. */
export interface RouteToJobProps extends Omit<RouteProps, "upstream" | "service"> {
  /** Options of the upstream. @default - as {@link Upstream.toService} has it */
  readonly upstreamOptions?: ServiceUpstreamOptions;
}

/** A construct that registers services, for example a job. */
export interface ServiceSource {
  /** The service of a port. @param port label of the port @default - the only service */
  service(port?: string): ConsulService;
}

/**
 * A rule that matches requests to a gateway, runs plugins for them, and sends them to an upstream.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/route/
 */
export class Route extends GatewayObjectBase {
  /** Whether something is a route. */
  static isRoute(x: unknown): x is Route {
    return isMarked(x, "Route");
  }

  /** A route to the healthy instances of a job. @param port label of its port; undefined for a job with one service */
  static toJob(
    scope: Construct,
    id: string,
    job: ServiceSource,
    port: string | undefined,
    { upstreamOptions, ...props }: RouteToJobProps,
  ): Route {
    return new Route(scope, id, { ...props, upstream: Upstream.toService(job.service(port), upstreamOptions) });
  }

  constructor(scope: Construct, id: string, props: RouteProps) {
    super(scope, id, "routes", props.objectId ?? id, props, (context) => routeDraft(props, context));
    mark(this, "Route");
  }
}

function routeDraft(props: RouteProps, context: ObjectContext): Draft {
  const { gateway, upstream, service, plugins, timeout } = props;
  const rest = without(props, "gateway", "upstream", "service", "plugins", "objectId", "override");
  const { name = context.id } = props;
  const own = draft({
    fields: wire({ ...rest, name, timeout: renderTimeout(timeout), serviceId: service?.objectId }),
    failures: [
      ...descriptionFailures({ ...props, name }),
      ...matchFailures(props),
      ...destinationFailures(
        upstream,
        service,
        (plugins ?? []).map((plugin) => plugin.name),
      ),
      ...(service === undefined ? [] : strangerFailures("service", service, gateway)),
    ],
    references: service === undefined ? [] : [service],
  });
  return joined(own, upstreamDraft(upstream, gateway, context), pluginsDraft(plugins, gateway, context));
}

const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PURGE"];

/** What APISIX would refuse of a route, or take and never match. */
function matchFailures(route: RouteMatch): Failure[] {
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
    ...subnetListFailures("remoteAddrs", route.remoteAddrs),
    ...numberFailures({ status }, { min: 0, max: 1 }, "1 is on, 0 is off"),
    ...timeoutFailures("timeout", timeout),
  ];
}

function uriFailures(uri: string | undefined, uris: readonly string[] | undefined): Failure[] {
  if ((uri === undefined) === (uris === undefined)) {
    const cure = uri === undefined ? "for example uri: '/hello/*'" : "leave out uri, and add it to uris";
    const rule = uri === undefined ? "must be given, or uris" : "can't go with uris";
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
function destinationFailures(upstream: unknown, service: unknown, plugins: readonly string[]): Failure[] {
  if (upstream !== undefined && service !== undefined)
    return [{ property: "upstream", rule: "can't go with 'service', which has one", cure: "leave either out" }];
  if (upstream !== undefined || service !== undefined || plugins.some((name) => factsOf(name)?.answers)) return [];
  const cure = 'for example upstream: Upstream.toService(job.service("www"))';
  return [{ property: "upstream", rule: "must be given, or 'service', or a plugin that answers by itself", cure }];
}
