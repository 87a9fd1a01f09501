import { Construct } from "constructs";
import { ConsulService } from "../consul";
import { Validation } from "../private/validation";
import { IGateway, secretReference } from "./gateway-base";
import { apisixVersionFailures } from "./gateway-settings";
import type { GatewayObject } from "./object";
import { DEFAULT_PLUGINS } from "./plugins/catalogue";

/** A gateway that exists outside of the program. */
export interface GatewayAttributes {
  /** Its name in Consul. @default - the construct's id */
  readonly name?: string;
  /** Version of its APISIX, 3.16.0 or newer: `3.18.0`. */
  readonly version: string;
  /** The folder of Consul's key/value store that it reads. @default - `apisix/NAME` */
  readonly documents?: string;
  /** Plugins that it loads, for requests and for connections. @default - those with a function of `Plugin` */
  readonly plugins?: readonly string[];
  /** Names of the secrets in its environment. @default - none */
  readonly secrets?: readonly string[];
}

/** A gateway that exists outside of this program. It has to read its folder of Consul's key/value store. */
export class ForeignGateway extends Construct implements IGateway {
  readonly name: string;
  readonly version: string;
  readonly documents: string;
  readonly service: ConsulService;
  readonly plugins: readonly string[];
  /** @internal */
  readonly _secrets: readonly string[];
  private readonly objects: GatewayObject[] = [];

  constructor(scope: Construct, id: string, attributes: GatewayAttributes) {
    super(scope, id);
    const { name = id, version, documents = `apisix/${name}`, plugins = DEFAULT_PLUGINS, secrets = [] } = attributes;
    this.name = name;
    this.version = version;
    this.documents = documents;
    this.service = { name };
    this.plugins = [...plugins];
    this._secrets = [...secrets];
    const validation = new Validation(this);
    validation.add(...apisixVersionFailures(version, "write it like '3.18.0'"));
    validation.passes();
  }

  secret(name: string): string {
    return secretReference(this, name, `add ${name}, which the gateway has to have in its environment`);
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
