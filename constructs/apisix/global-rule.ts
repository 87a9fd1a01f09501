import { Construct } from "constructs";
import { draft, joined, pluginsDraft } from "./draft";
import { GatewayObjectBase, GatewayObjectProps } from "./gateway-object";
import { Plugin } from "./plugins/plugin";

export interface GlobalRuleProps extends GatewayObjectProps {
  /** At least one; each in one global rule of the gateway only. */
  readonly plugins: readonly Plugin[];
  /** Its id in APISIX: 1 to 64 letters, digits, `-`, `_` and `.`. @default - the construct's id */
  readonly objectId?: string;
}

/**
 * Plugins for every request of a gateway, before those of its routes.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/global-rule/
 */
export class GlobalRule extends GatewayObjectBase {
  constructor(scope: Construct, id: string, props: GlobalRuleProps) {
    const { gateway, plugins } = props;
    const cure = "for example Plugin.prometheus()";
    const failures = plugins.length > 0 ? [] : [{ property: "plugins", rule: "must hold at least one", cure }];
    super(scope, id, "global_rules", props.objectId ?? id, props, (place) =>
      joined(draft({ failures }), pluginsDraft(plugins, gateway, place)),
    );
  }
}
