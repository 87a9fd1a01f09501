import { Failure } from "../private/failure";

export interface MasqueradingOptions {
  /**
   * The director puts its own address in place of the client's, so that the answer comes back through it from anywhere.
   * The real server then sees the director, not the client.
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
 * How a packet gets from the director to a real server, and how the answer gets back.
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
   * Only the MAC address changes (gatewaying); the real server has the VIP itself and answers the client directly. One network
   * segment, same port. A UDP server has to bind the VIP.
   */
  static directRouting(): ForwardingMethod {
    return new ForwardingMethod("direct routing", "-g", false, undefined);
  }

  /**
   * The packet travels inside another one (IPIP) to a real server anywhere, which has the VIP itself and answers the client
   * directly. Same port. A UDP server has to bind the VIP.
   */
  static tunneling(): ForwardingMethod {
    return new ForwardingMethod("tunneling", "-i", false, undefined);
  }

  private constructor(
    /** LVS's name for it. */
    readonly name: "masquerading" | "direct routing" | "tunneling",
    /** ipvsadm's option. */
    readonly option: "-m" | "-g" | "-i",
    /** Whether the director rewrites the client's address. */
    readonly snat: boolean,
    /** As given; left out it is true with {@link snat}. */
    readonly conntrack: boolean | undefined,
  ) {}
}

/** What of a forwarding method has no effect, wherever it is given. */
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
