import { Construct } from "constructs";
import { wire } from "./document-text";
import { draft, Draft, joined, pluginsDraft, upstreamDraft } from "./draft";
import { DescribedProps, GatewayObjectBase } from "./gateway-object";
import { ISharedUpstream } from "./gateway-object-end";
import { Place } from "./place";
import { Plugin } from "./plugins/plugin";
import { Upstream } from "./upstream";
import { descriptionFailures, hostFailures } from "./value-rules";

export interface GatewayServiceProps extends DescribedProps {
  /** Where the requests of its routes go. */
  readonly upstream: Upstream | ISharedUpstream;
  /** For routes without hosts of their own. @default - every host */
  readonly hosts?: readonly string[];
  /** For all its routes; a route's own plugin of the same name takes the place of one. @default - none */
  readonly plugins?: readonly Plugin[];
  /** @default false */
  readonly enableWebsocket?: boolean;
}

/**
 * What several routes have in common. (APISIX calls it a service; it is none in Consul.)
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/service/
 */
export class GatewayService extends GatewayObjectBase {
  constructor(scope: Construct, id: string, props: GatewayServiceProps) {
    super(scope, id, "services", props.objectId ?? id, props, (place) => serviceDraft(props, place));
  }
}

function serviceDraft(props: GatewayServiceProps, place: Place): Draft {
  const { gateway, upstream, plugins, name = place.id, desc, labels, hosts, enableWebsocket } = props;
  const own = draft({
    fields: wire({ name, desc, labels, hosts, enableWebsocket }),
    failures: [...descriptionFailures({ name, desc, labels }), ...hostFailures("hosts", hosts)],
  });
  return joined(own, upstreamDraft(upstream, gateway, place), pluginsDraft(plugins, gateway, place));
}
