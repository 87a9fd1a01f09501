import { Construct } from "constructs";
import { isMarked, mark } from "../private/mark";
import { draft, GatewayObjectBase, GatewayObjectProps, joined } from "./object";
import { Plugin } from "./plugins/plugin";
import { pluginsDraft } from "./plugins/plugin-list";
import { wire } from "./render/document";
import { descriptionFailures } from "./values";

/** Properties of a consumer. */
export interface ConsumerProps extends GatewayObjectProps {
  /** Name of the consumer: 1 to 256 letters, digits, `-` and `_`. @default - the construct's id */
  readonly username?: string;
  /**
   * Its credentials (`Plugin.keyAuthCredential`, `Plugin.jwtAuthCredential`), and plugins for its requests. A secret is named by
   * `gateway.secret("NAME")`.
   *
   * @default - none; only an `anonymousConsumer` needs no credentials
   */
  readonly plugins?: readonly Plugin[];
  /** Description, at most 256 characters. @default - none */
  readonly desc?: string;
  /** Labels; upstreams get `custom_id` in a header. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * An API client and its credentials.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/consumer/
 */
export class Consumer extends GatewayObjectBase {
  /** Whether something is a consumer. */
  static isConsumer(x: unknown): x is Consumer {
    return isMarked(x, "Consumer");
  }

  constructor(scope: Construct, id: string, props: ConsumerProps) {
    const { gateway, username = id, desc, labels, plugins } = props;
    super(scope, id, "consumers", username, props, (context) =>
      joined(
        draft({ fields: wire({ username, desc, labels }), failures: descriptionFailures({ desc, labels }) }),
        pluginsDraft(plugins, gateway, context),
      ),
    );
    mark(this, "Consumer");
  }

  /** Its name in the access log and in `anonymousConsumer`. */
  get username(): string {
    return this.objectId;
  }
}
