import { Construct } from "constructs";
import { isMarked, mark } from "../private/mark";
import { draft, GatewayObjectBase, GatewayObjectProps, joined } from "./object";
import { Plugin } from "./plugins/plugin";
import { pluginsDraft } from "./plugins/plugin-list";

/** Properties of a global rule. */
export interface GlobalRuleProps extends GatewayObjectProps {
  /** Plugins, at least one. Only one global rule of a gateway can have a plugin. */
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
  /** Whether something is a global rule. */
  static isGlobalRule(x: unknown): x is GlobalRule {
    return isMarked(x, "GlobalRule");
  }

  constructor(scope: Construct, id: string, props: GlobalRuleProps) {
    const { gateway, plugins } = props;
    const cure = "for example Plugin.prometheus()";
    const failures = plugins.length > 0 ? [] : [{ property: "plugins", rule: "must hold at least one", cure }];
    super(scope, id, "global_rules", props.objectId ?? id, props, (context) =>
      joined(draft({ failures }), pluginsDraft(plugins, gateway, context)),
    );
    mark(this, "GlobalRule");
  }
}
