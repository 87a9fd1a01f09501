import { Construct } from "constructs";
import { Brand } from "../private/brand";
import { wire } from "./render/document";
import { DescribedProps, draft, Draft, GatewayObjectBase, joined, ObjectContext } from "./object";
import { Plugin } from "./plugins/plugin";
import { pluginsDraft } from "./plugins/plugin-list";
import { SharedUpstream, Upstream, upstreamDraft } from "./upstream";
import { subnetListFailures, descriptionFailures, hostFailures, numberFailures } from "./values";

const BRAND = new Brand<StreamRoute>("StreamRoute");

export interface StreamRouteProps extends DescribedProps {
  /** Where the connections go. */
  readonly upstream: Upstream | SharedUpstream;
  /** The gateway's port that they come in by, 1 to 65535; it has to listen there. @default - all of its stream ports */
  readonly serverPort?: number;
  /** The gateway's address that they come in by, or a subnet. @default - all */
  readonly serverAddr?: string;
  /** The client's address, or a subnet. @default - all */
  readonly remoteAddr?: string;
  /** By TLS: the host name that the client asks for. @default - all */
  readonly sni?: string;
  /**
   * Those for connections: ip-restriction, limit-conn, mqtt-proxy, prometheus, syslog, traffic-split.
   *
   * @default - none
   */
  readonly plugins?: readonly Plugin[];
}

/**
 * Which connections (TCP, TLS, UDP) a gateway takes, and where they go.
 *
 * @see https://apisix.apache.org/docs/apisix/stream-proxy/
 */
export class StreamRoute extends GatewayObjectBase {
  /** Whether something is a stream route. */
  static isStreamRoute(x: unknown): x is StreamRoute {
    return BRAND.isOn(x);
  }

  constructor(scope: Construct, id: string, props: StreamRouteProps) {
    super(scope, id, "stream_routes", props.objectId ?? id, props, (context) => streamDraft(props, context));
    BRAND.mark(this);
  }
}

function streamDraft(props: StreamRouteProps, context: ObjectContext): Draft {
  const { gateway, upstream, plugins, name = context.id, desc, labels } = props;
  const { serverPort, serverAddr, remoteAddr, sni } = props;
  const own = draft({
    fields: wire({ name, desc, labels, serverPort, serverAddr, remoteAddr, sni }),
    failures: [
      ...descriptionFailures({ name, desc, labels }),
      ...numberFailures({ serverPort }, { min: 1, max: 65535 }, "give a port that the gateway listens on"),
      ...(serverAddr === undefined ? [] : subnetListFailures("serverAddr", [serverAddr])),
      ...(remoteAddr === undefined ? [] : subnetListFailures("remoteAddr", [remoteAddr])),
      ...(sni === undefined ? [] : hostFailures("sni", [sni])),
    ],
  });
  return joined(own, upstreamDraft(upstream, gateway, context), pluginsDraft(plugins, gateway, context));
}
