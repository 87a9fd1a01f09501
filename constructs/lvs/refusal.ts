import { Failure } from "../private/failure";

/**
 * What is refused because it can't work on the wire, or is almost certainly a mistake. Each can be acknowledged by name on its virtual service: then it is
 * built, with a warning.
 */
export enum Refusal {
  /** The real server answers a client of the VIP's subnet directly: the connection hangs in SYN_RECV. */
  MASQUERADING_SAME_SUBNET = "masquerading-same-subnet",
  /** IPVS keeps its connections out of connection tracking: the SNAT rules never see them. */
  SNAT_WITHOUT_CONNTRACK = "snat-without-conntrack",
  /** Without SNAT the director must be the real server's gateway, so it needs an address in its subnet. */
  GATEWAY_OUT_OF_REACH = "gateway-out-of-reach",
  /** Only the MAC address changes, so the port can't. */
  DIRECT_ROUTING_OTHER_PORT = "direct-routing-other-port",
  /** A MAC address is known in its own network segment only. */
  DIRECT_ROUTING_ACROSS_SUBNETS = "direct-routing-across-subnets",
  /** The packet inside the tunnel is the client's own, so the port can't change. */
  TUNNELING_OTHER_PORT = "tunneling-other-port",
  /** A one-packet connection is forgotten before its answer comes: the answer is not rewritten. */
  ONE_PACKET_MASQUERADING = "one-packet-masquerading",
  /** No host in the director's networks asks it for that address; it works where a router has a route to it by the director. */
  VIP_OUTSIDE_SUBNETS = "vip-outside-subnets",
  /** Both answer ARP for it, and clients meet one by chance. Said at the second of the program, acknowledged at either. */
  VIP_ON_TWO_DIRECTORS = "vip-on-two-directors",
  /**
   * The director reaches the real server from that address. The real server gets it as the VIP, takes the director's packets
   * for its own and never answers: not its ARP, nor what comes out of its tunnel.
   */
  VIP_IS_DIRECTOR_ADDRESS = "vip-is-director-address",
  /** Nearly always a mistake. IPVS can pass connections to a local server ("local node"): acknowledge it where that is intended. */
  REAL_SERVER_IS_DIRECTOR = "real-server-is-director",
  /**
   * The machines of a Consul service's instances are not known at synth, so they do not get the director as their gateway; it
   * works where they all have it already, and none is in the clients' subnet.
   */
  CONSUL_WITHOUT_SNAT = "consul-without-snat",
  /**
   * A hash chooses a real server that takes no new connection, and the scheduler asks no other one: its clients are refused
   * although others could serve them. Refused for weight 0 and thresholds; a warning for drains.
   */
  HASHING_WITHOUT_FALLBACK = "hashing-without-fallback",
}

/** A refusal that applies here. Pure, so that the checks can return it. */
export interface Finding {
  readonly refusal: Refusal;
  readonly failure: Failure;
}
