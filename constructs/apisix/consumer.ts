import { Construct } from "constructs";
import { Brand } from "../private/brand";
import { wire } from "./render/document";
import { draft, GatewayObjectBase, GatewayObjectProps, joined } from "./object";
import { Plugin } from "./plugins/plugin";
import { pluginsDraft } from "./plugins/plugin-list";
import { descriptionFailures } from "./values";

const BRAND = new Brand<Consumer>("Consumer");

export interface ConsumerProps extends GatewayObjectProps {
  /** 1 to 256 letters, digits, `-` and `_`. @default - the construct's id */
  readonly username?: string;
  /**
   * How it is known (`Plugin.keyAuthCredential`), and what its requests go through besides. A secret comes from
   * `gateway.secret("NAME")`.
   *
   * @default - none: only an `anonymousConsumer` is one without
   */
  readonly plugins?: readonly Plugin[];
  /** At most 256 characters. @default - none */
  readonly desc?: string;
  /** `custom_id` is sent to upstreams. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * A client that may send requests, and what is known of it.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/consumer/
 */
export class Consumer extends GatewayObjectBase {
  /** Whether something is a consumer. */
  static isConsumer(x: unknown): x is Consumer {
    return BRAND.isOn(x);
  }

  constructor(scope: Construct, id: string, props: ConsumerProps) {
    const { gateway, username = id, desc, labels, plugins } = props;
    super(scope, id, "consumers", username, props, (context) =>
      joined(
        draft({ fields: wire({ username, desc, labels }), failures: descriptionFailures({ desc, labels }) }),
        pluginsDraft(plugins, gateway, context),
      ),
    );
    BRAND.mark(this);
  }

  /** As the access log and `anonymousConsumer` know it. */
  get username(): string {
    return this.objectId;
  }
}
