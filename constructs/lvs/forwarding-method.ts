import { Failure } from "../private/failure";

/** Options of {@link ForwardingMethod.masquerading}. */
export interface MasqueradingOptions {
  /**
   * Whether the director replaces the client's address with its own, so that answers come back through it from anywhere.
   * The real server then sees the director's address, not the client's.
   *
   * @default false - the director is the real servers' gateway
   */
  readonly snat?: boolean;
  /**
   * Whether IPVS registers its connections in connection tracking (`net.ipv4.vs.conntrack`), which SNAT needs. Only with `snat`,
   * and false only to show what happens without it.
   *
   * @default true
   */
  readonly conntrack?: boolean;
}

/**
 * Method by which packets travel from the director to a real server, and answers back to the client.
 *
 * @see https://manpages.debian.org/ipvsadm.8
 */
export class ForwardingMethod {
  /**
   * The director rewrites the destination (NAT); the port may differ. Answers must come back through the director: either it
   * is the real servers' gateway, or it rewrites the client's address, too (`snat`).
   */
  static masquerading(options: MasqueradingOptions = {}): ForwardingMethod {
    return new ForwardingMethod("masquerading", "-m", options.snat ?? false, options.conntrack);
  }

  /**
   * The director only changes the MAC address (gatewaying). The real server has the VIP itself and answers the client directly. It must be
   * in the director's network segment, with the same port. A UDP server has to bind the VIP.
   */
  static directRouting(): ForwardingMethod {
    return new ForwardingMethod("direct routing", "-g", false, undefined);
  }

  /**
   * The director wraps the packet into another one (IPIP). The real server may be anywhere; it has the VIP itself and answers the client
   * directly, with the same port. A UDP server has to bind the VIP.
   */
  static tunneling(): ForwardingMethod {
    return new ForwardingMethod("tunneling", "-i", false, undefined);
  }

  private constructor(
    /** Its name in LVS. */
    readonly name: "masquerading" | "direct routing" | "tunneling",
    /** ipvsadm's option. */
    readonly option: "-m" | "-g" | "-i",
    /** Whether the director rewrites the client's address. */
    readonly snat: boolean,
    /** As given; left out it is true with {@link snat}. */
    readonly conntrack: boolean | undefined,
  ) {}
}

/** Settings of a forwarding method that have no effect. */
export function forwardingFailures({ conntrack, snat }: ForwardingMethod): Failure[] {
  if (conntrack === undefined || snat) return [];
  return [
    {
      property: "forwarding",
      rule: "can't set 'conntrack' without 'snat', where it has no effect",
      got: conntrack,
      cure: "leave 'conntrack' out, or use ForwardingMethod.masquerading({ snat: true })",
    },
  ];
}
