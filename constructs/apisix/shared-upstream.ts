import { Construct } from "constructs";
import { isMarked, mark } from "../private/mark";
import type { IGateway } from "./gateway-base";
import { DescribedProps, draft, Draft, GatewayObjectBase, ObjectContext, strangerFailures } from "./object";
import { wire } from "./render/document";
import { Upstream } from "./upstream";
import { descriptionFailures } from "./values";

/** Properties of a shared upstream. */
export interface SharedUpstreamProps extends DescribedProps {
  /** Its nodes and options. */
  readonly upstream: Upstream;
}

/**
 * An upstream that several routes, services or plugins use. Its nodes are checked once, and its connections are shared.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/upstream/
 */
export class SharedUpstream extends GatewayObjectBase {
  /** Whether something is a shared upstream. */
  static isSharedUpstream(x: unknown): x is SharedUpstream {
    return isMarked(x, "SharedUpstream");
  }

  constructor(scope: Construct, id: string, props: SharedUpstreamProps) {
    const { upstream, desc, labels } = props;
    super(scope, id, "upstreams", props.objectId ?? id, props, (context) => {
      const { name = context.id } = props;
      return draft({
        fields: { ...wire({ name, desc, labels }), ...upstream._render(false) },
        failures: [...descriptionFailures({ name, desc, labels }), ...upstream._failures("upstream", context)],
        upstreams: [{ at: "upstream", upstream }],
      });
    });
    mark(this, "SharedUpstream");
  }
}

/** The upstream of an object: within it, or by the id of a shared one. */
export function upstreamDraft(
  upstream: Upstream | SharedUpstream | undefined,
  gateway: IGateway,
  context: ObjectContext,
): Draft {
  const at = "upstream";
  if (upstream === undefined) return draft({});
  if (!Upstream.isUpstream(upstream))
    return draft({
      fields: { upstream_id: upstream.objectId },
      failures: strangerFailures(at, upstream, gateway),
      references: [upstream],
    });
  return draft({
    fields: { upstream: upstream._render(context.kind === "stream_routes") },
    failures: upstream._failures(at, context),
    upstreams: [{ at, upstream }],
  });
}
