import { Construct } from "constructs";
import { wire } from "./document-text";
import { draft } from "./draft";
import { DescribedProps, GatewayObjectBase } from "./gateway-object";
import { ISharedUpstream } from "./gateway-object-end";
import { Upstream } from "./upstream";
import { descriptionFailures } from "./value-rules";

export interface SharedUpstreamProps extends DescribedProps {
  /** Where it leads to. */
  readonly upstream: Upstream;
}

/**
 * An upstream that several routes, services or plugins name: its nodes are checked once, and its connections are
 * shared.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/upstream/
 */
export class SharedUpstream extends GatewayObjectBase implements ISharedUpstream {
  readonly kind = "upstreams";

  constructor(scope: Construct, id: string, props: SharedUpstreamProps) {
    const { upstream, desc, labels } = props;
    super(scope, id, "upstreams", props.objectId ?? id, props, (place) => {
      const { name = place.id } = props;
      return draft({
        fields: { ...wire({ name, desc, labels }), ...upstream._render(false) },
        failures: [...descriptionFailures({ name, desc, labels }), ...upstream._failures("upstream", place)],
        upstreams: [{ at: "upstream", upstream }],
      });
    });
  }
}
