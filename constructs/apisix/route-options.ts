import { Condition } from "./condition-rules";
import { GatewayTimeout } from "./value-rules";

/** Which requests a route is for. */
export interface RouteMatch {
  /** A path; `*` at its end is any rest: `/hello/*`. Either this or `uris`. @default - `uris` */
  readonly uri?: string;
  /** Several paths. @default - `uri` */
  readonly uris?: readonly string[];
  /** Host names, `*.example.com` for all below. @default - the service's, else every host */
  readonly hosts?: readonly string[];
  /** `["GET", "POST"]` @default - every method */
  readonly methods?: readonly string[];
  /** All have to hold. @default - none */
  readonly vars?: readonly Condition[];
  /** Of two that match by one path the higher one is taken. A whole number. @default 0 */
  readonly priority?: number;
  /** Addresses and subnets of clients. @default - every address */
  readonly remoteAddrs?: readonly string[];
  /** @default false */
  readonly enableWebsocket?: boolean;
  /** In place of the upstream's. @default - the upstream's */
  readonly timeout?: GatewayTimeout;
  /** 1 is on, 0 is off. @default 1 */
  readonly status?: 0 | 1;
}
