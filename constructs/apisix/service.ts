import { Construct } from "constructs";
import { Brand } from "../private/brand";
import { wire } from "./render/document";
import { DescribedProps, draft, Draft, GatewayObjectBase, joined, ObjectContext } from "./object";
import { Plugin } from "./plugins/plugin";
import { pluginsDraft } from "./plugins/plugin-list";
import { SharedUpstream, Upstream, upstreamDraft } from "./upstream";
import { descriptionFailures, hostFailures } from "./values";

const BRAND = new Brand<GatewayService>("GatewayService");

export interface GatewayServiceProps extends DescribedProps {
  /** Where the requests of its routes go. */
  readonly upstream: Upstream | SharedUpstream;
  /** For routes without hosts of their own. @default - every host */
  readonly hosts?: readonly string[];
  /** For all its routes; a route's own plugin of the same name takes the context of one. @default - none */
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
  /** Whether something is what several routes have in common. */
  static isGatewayService(x: unknown): x is GatewayService {
    return BRAND.isOn(x);
  }

  constructor(scope: Construct, id: string, props: GatewayServiceProps) {
    super(scope, id, "services", props.objectId ?? id, props, (context) => serviceDraft(props, context));
    BRAND.mark(this);
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
