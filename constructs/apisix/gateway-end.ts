import { IConstruct } from "constructs";
import { ConsulService } from "../consul";

/** Kinds of APISIX objects, as its configuration file names them. */
export type ObjectKind =
  "routes" | "services" | "upstreams" | "consumers" | "ssls" | "stream_routes" | "global_rules" | "plugin_metadata";

/** One APISIX object that is given to a gateway. */
export interface GatewayObject {
  /** Of the construct that it belongs to. */
  readonly path: string;
  readonly kind: ObjectKind;
  /** Its `id`, for a consumer its `username`. */
  readonly id: string;
  /** The object as APISIX reads it, id included. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** A gateway: APISIX, on Nomad clients or on machines, that serves the routes in its folder of Consul's key/value store. */
export interface IGateway extends IConstruct {
  /** Its name in Consul: `gateway`. */
  readonly name: string;
  /** Of APISIX: `3.18.0`. */
  readonly version: string;
  /** The folder of Consul's key/value store that holds its objects, one key an object: `apisix/gateway`. */
  readonly documents: string;
  /** Its healthy instances in Consul, for a director's real servers. */
  readonly service: ConsulService;
  /** The plugins that it loads. */
  readonly plugins: readonly string[];
  /** Proxies in front whose header has the client's address. @default - none */
  readonly trustedAddresses?: readonly string[];
  /**
   * How a plugin, a consumer or a certificate names a secret of the gateway: `$env://NAME`. The secret itself is never in
   * Consul.
   *
   * @throws ValidationError where the gateway has no secret of that name
   */
  secret(name: string): string;
  /** What was given to it until now. @internal */
  readonly _objects: readonly GatewayObject[];
  /** @internal @throws ValidationError where it takes none, for example since its Admin API does */
  _add(by: IConstruct, object: GatewayObject): void;
}
