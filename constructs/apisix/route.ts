import { Construct } from "constructs";
import { ConsulService } from "../consul";
import { wire, without } from "./document-text";
import { draft, Draft, joined, pluginsDraft, strangerFailures, upstreamDraft } from "./draft";
import { DescribedProps, GatewayObjectBase } from "./gateway-object";
import { ISharedUpstream } from "./gateway-object-end";
import { GatewayService } from "./gateway-service";
import { Place } from "./place";
import { Plugin } from "./plugins/plugin";
import { RouteMatch } from "./route-options";
import { destinationFailures, routeFailures } from "./route-rules";
import { Upstream } from "./upstream";
import { ServiceUpstreamOptions } from "./upstream-options";
import { descriptionFailures } from "./value-rules";

export interface RouteProps extends DescribedProps, RouteMatch {
  /** Where the requests go. Either this or `service`. @default - the upstream of the service */
  readonly upstream?: Upstream | ISharedUpstream;
  /** What several routes have in common: its upstream and its plugins. @default - none */
  readonly service?: GatewayService;
  /** One of each name. @default - none */
  readonly plugins?: readonly Plugin[];
}

export interface RouteToJobProps extends Omit<RouteProps, "upstream" | "service"> {
  /** What the upstream has beside the job's instances. @default - as {@link Upstream.toService} has it */
  readonly upstreamOptions?: ServiceUpstreamOptions;
}

/** Something that registers services: a job. */
export interface ServiceSource {
  /** @param port the label of its port @default - the only service */
  service(port?: string): ConsulService;
}

/**
 * Which requests a gateway takes, what it does with them, and where they go then.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/route/
 */
export class Route extends GatewayObjectBase {
  /** A route to the healthy instances of a job. @param port the label of its port; nothing where it has one service */
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
    super(scope, id, "routes", props.objectId ?? id, props, (place) => routeDraft(props, place));
  }
}

function routeDraft(props: RouteProps, place: Place): Draft {
  const { gateway, upstream, service, plugins, timeout } = props;
  const rest = without(props, "gateway", "upstream", "service", "plugins", "objectId", "override");
  const { name = place.id } = props;
  const own = draft({
    fields: wire({ ...rest, name, timeout: timeout && { ...timeout }, serviceId: service?.objectId }),
    failures: [
      ...descriptionFailures({ ...props, name }),
      ...routeFailures(props),
      ...destinationFailures(
        upstream,
        service,
        (plugins ?? []).map((plugin) => plugin.name),
      ),
      ...(service === undefined ? [] : strangerFailures("service", service, gateway)),
    ],
    names: service === undefined ? [] : [service],
  });
  return joined(own, upstreamDraft(upstream, gateway, place), pluginsDraft(plugins, gateway, place));
}
