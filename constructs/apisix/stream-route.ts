import { Construct } from "constructs";
import { isMarked, mark } from "../private/mark";
import { DescribedProps, draft, Draft, GatewayObjectBase, joined, ObjectContext } from "./object";
import { Plugin } from "./plugins/plugin";
import { pluginsDraft } from "./plugins/plugin-list";
import { wire } from "./render/document";
import { SharedUpstream, upstreamDraft } from "./shared-upstream";
import { Upstream } from "./upstream";
import { subnetListFailures, descriptionFailures, hostFailures, numberFailures } from "./values";

/** Properties of a stream route. */
export interface StreamRouteProps extends DescribedProps {
  /** Target of the connections. */
  readonly upstream: Upstream | SharedUpstream;
  /** Port of the gateway, 1 to 65535, one of its `streamPorts`. @default - all of its stream ports */
  readonly serverPort?: number;
  /** Address of the gateway, or a subnet. @default - all */
  readonly serverAddr?: string;
  /** Address of the client, or a subnet. @default - all */
  readonly remoteAddr?: string;
  /** Host name that the client asks for by TLS (SNI). @default - all */
  readonly sni?: string;
  /**
   * Plugins that APISIX runs for connections: ip-restriction, limit-conn, mqtt-proxy, prometheus, syslog, traffic-split.
   *
   * @default - none
   */
  readonly plugins?: readonly Plugin[];
}

/**
 * A rule that matches connections (TCP, TLS, UDP) to a gateway and sends them to an upstream.
 *
 * @see https://apisix.apache.org/docs/apisix/stream-proxy/
 */
export class StreamRoute extends GatewayObjectBase {
  /** Whether something is a stream route. */
  static isStreamRoute(x: unknown): x is StreamRoute {
    return isMarked(x, "StreamRoute");
  }

  constructor(scope: Construct, id: string, props: StreamRouteProps) {
    super(scope, id, "stream_routes", props.objectId ?? id, props, (context) => streamDraft(props, context));
    mark(this, "StreamRoute");
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
