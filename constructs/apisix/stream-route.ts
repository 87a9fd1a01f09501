import { Construct } from "constructs";
import { wire } from "./document-text";
import { draft, Draft, joined, pluginsDraft, upstreamDraft } from "./draft";
import { DescribedProps, GatewayObjectBase } from "./gateway-object";
import { ISharedUpstream } from "./gateway-object-end";
import { Place } from "./place";
import { Plugin } from "./plugins/plugin";
import { Upstream } from "./upstream";
import { addressFailures, descriptionFailures, hostFailures, numberFailures } from "./value-rules";

export interface StreamRouteProps extends DescribedProps {
  /** Where the connections go. */
  readonly upstream: Upstream | ISharedUpstream;
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
  constructor(scope: Construct, id: string, props: StreamRouteProps) {
    super(scope, id, "stream_routes", props.objectId ?? id, props, (place) => streamDraft(props, place));
  }
}

function streamDraft(props: StreamRouteProps, place: Place): Draft {
  const { gateway, upstream, plugins, name = place.id, desc, labels } = props;
  const { serverPort, serverAddr, remoteAddr, sni } = props;
  const own = draft({
    fields: wire({ name, desc, labels, serverPort, serverAddr, remoteAddr, sni }),
    failures: [
      ...descriptionFailures({ name, desc, labels }),
      ...numberFailures({ serverPort }, { min: 1, max: 65535 }, "give a port that the gateway listens on"),
      ...(serverAddr === undefined ? [] : addressFailures("serverAddr", [serverAddr])),
      ...(remoteAddr === undefined ? [] : addressFailures("remoteAddr", [remoteAddr])),
      ...(sni === undefined ? [] : hostFailures("sni", [sni])),
    ],
  });
  return joined(own, upstreamDraft(upstream, gateway, place), pluginsDraft(plugins, gateway, place));
}
