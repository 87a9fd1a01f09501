import { Construct } from "constructs";
import { ConsulService } from "../consul";
import { versionAtLeast } from "../private/version";
import { Validation, ValidationError } from "../private/validation";
import { GatewayObject, IGateway } from "./gateway-end";
import { DEFAULT_PLUGINS } from "./plugins/known-plugins";

/** A gateway that others run. */
export interface ForeignGatewayAttributes {
  /** Its name in Consul. @default - the construct's id */
  readonly name?: string;
  /** Of APISIX, at least 3.16: `3.18.0`. */
  readonly version: string;
  /** The folder of Consul's key/value store that it reads. @default - `apisix/NAME` */
  readonly documents?: string;
  /** The plugins that it loads, for requests and for connections. @default - those with a maker on `Plugin` */
  readonly plugins?: readonly string[];
  /** Names of the secrets in its environment. @default - none */
  readonly secrets?: readonly string[];
}

/** A gateway that others run, for routes of this program. It has to read its folder of Consul's key/value store. */
export function foreignGateway(scope: Construct, id: string, attributes: ForeignGatewayAttributes): IGateway {
  return new ForeignGateway(scope, id, attributes);
}

class ForeignGateway extends Construct implements IGateway {
  readonly name: string;
  readonly version: string;
  readonly documents: string;
  readonly service: ConsulService;
  readonly plugins: readonly string[];
  private readonly secrets: ReadonlySet<string>;
  private readonly objects: GatewayObject[] = [];

  constructor(scope: Construct, id: string, attributes: ForeignGatewayAttributes) {
    super(scope, id);
    this.name = attributes.name ?? id;
    this.version = attributes.version;
    this.documents = attributes.documents ?? `apisix/${this.name}`;
    this.service = { name: this.name };
    this.plugins = [...(attributes.plugins ?? DEFAULT_PLUGINS)];
    this.secrets = new Set(attributes.secrets ?? []);
    const validation = new Validation(this);
    const known = /^\d+\.\d+\.\d+$/.test(this.version) && versionAtLeast(this.version, "3.16.0");
    validation.require(known, {
      property: "version",
      rule: "must be 3.16.0 or newer, as three numbers",
      got: this.version,
      cure: "write it like '3.18.0'",
    });
    validation.finish();
  }

  secret(name: string): string {
    if (this.secrets.has(name)) return `$env://${name}`;
    const list = this.secrets.size === 0 ? "it has none" : `it has ${[...this.secrets].join(", ")}`;
    throw new ValidationError(this, [
      { property: "secret", rule: "must be one of the gateway's", got: name, cure: `${list}; add it to 'secrets'` },
    ]);
  }

  /** @internal */
  get _objects(): readonly GatewayObject[] {
    return this.objects;
  }

  /** @internal */
  _add(_by: Construct, object: GatewayObject): void {
    this.objects.push(object);
  }
}
