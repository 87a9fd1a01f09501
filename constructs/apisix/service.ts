import { Construct } from "constructs";
import { isMarked, mark } from "../private/mark";
import { DescribedProps, draft, Draft, GatewayObjectBase, joined, ObjectContext } from "./object";
import { Plugin } from "./plugins/plugin";
import { pluginsDraft } from "./plugins/plugin-list";
import { wire } from "./render/document";
import { SharedUpstream, upstreamDraft } from "./shared-upstream";
import { Upstream } from "./upstream";
import { descriptionFailures, hostFailures } from "./values";

/** Properties of settings that several routes share. */
export interface GatewayServiceProps extends DescribedProps {
  /** Target of its routes' requests. */
  readonly upstream: Upstream | SharedUpstream;
  /** Host names for routes without hosts of their own. @default - every host */
  readonly hosts?: readonly string[];
  /** Plugins for all its routes; a route's own plugin of the same name replaces it. @default - none */
  readonly plugins?: readonly Plugin[];
  /** Whether WebSocket connections pass. @default false */
  readonly enableWebsocket?: boolean;
}

/**
 * Settings that several routes share: an upstream, hosts and plugins. APISIX calls it a service; it is not a service of Consul.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/service/
 */
export class GatewayService extends GatewayObjectBase {
  /** Whether something is a service of a gateway. */
  static isGatewayService(x: unknown): x is GatewayService {
    return isMarked(x, "GatewayService");
  }

  constructor(scope: Construct, id: string, props: GatewayServiceProps) {
    super(scope, id, "services", props.objectId ?? id, props, (context) => serviceDraft(props, context));
    mark(this, "GatewayService");
  }
}

function serviceDraft(props: GatewayServiceProps, context: ObjectContext): Draft {
  const { gateway, upstream, plugins, name = context.id, desc, labels, hosts, enableWebsocket } = props;
  const own = draft({
    fields: wire({ name, desc, labels, hosts, enableWebsocket }),
    failures: [...descriptionFailures({ name, desc, labels }), ...hostFailures("hosts", hosts)],
  });
  return joined(own, upstreamDraft(upstream, gateway, context), pluginsDraft(plugins, gateway, context));
}
