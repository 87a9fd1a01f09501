import { IConstruct } from "constructs";
import { ConsulKeys } from "../consul";
import { IGateway } from "./gateway-end";

/** An object of a gateway that others name by its id. */
export interface IGatewayObject extends IConstruct {
  readonly gateway: IGateway;
  /** Its id in APISIX. */
  readonly objectId: string;
  /** What has to be there before an object that names it. @internal */
  readonly _keys: ConsulKeys;
}

/** An upstream that several routes, services or plugins name. */
export interface ISharedUpstream extends IGatewayObject {
  readonly kind: "upstreams";
}
