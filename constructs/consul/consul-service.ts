/** The key of a service's meta that holds the weight of its instances: a Nomad before 1.10 can't register one. */
export const WEIGHT_META = "vipstack-weight";

/**
 * A service as Consul knows it: what a director's real servers or a gateway's upstream are made of. Plain values, so that
 * nothing but text crosses from one stack to another.
 */
export interface ConsulService {
  /** Its name in the catalog, for example `hello-world-servers`. */
  readonly name: string;
  /** The label of the port that it is registered with. @default - not known: a service that no job here registers */
  readonly port?: string;
  /** Only its instances with this tag. A director can ask for that, a gateway can't. @default - all of them */
  readonly tag?: string;
  /**
   * Seconds until a check notices that an instance began or stopped to answer, at worst: its interval and its timeout. 0 where
   * it has no check. A director warns where its grace for an empty service is shorter.
   *
   * @default - not known
   */
  readonly lag?: number;
  /**
   * Seconds that an instance still serves after it was taken out of the catalog. A director warns where it needs longer until
   * it knows.
   *
   * @default - not known
   */
  readonly shutdownDelay?: number;
}
