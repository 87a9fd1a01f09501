import { InterfaceAddress, subnetContains } from "../machine";
import * as acknowledgement from "../private/acknowledgement";
import { Endpoint, ForwardingSpec, ServiceSpec } from "./spec";
import { Host, neighbourOf } from "./topology";

/**
 * Configurations that are refused because they can't work on the wire, or are almost certainly a mistake. Each can be
 * acknowledged by name on its virtual service: then it is built, with a warning.
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
  /** No host in the director's networks asks the director for that address. It works if a router has a route to it through the director. */
  VIP_OUTSIDE_SUBNETS = "vip-outside-subnets",
  /** Both directors answer ARP for the VIP, so clients reach one of them arbitrarily. Reported at the second one, acknowledged at either. */
  VIP_ON_TWO_DIRECTORS = "vip-on-two-directors",
  /**
   * The director reaches the real server from that address. The real server gets it as the VIP, takes the director's packets
   * for its own and never answers: not its ARP, nor what comes out of its tunnel.
   */
  VIP_IS_DIRECTOR_ADDRESS = "vip-is-director-address",
  /** Almost always a mistake. IPVS can pass connections to a local server ("local node"): acknowledge it if that is intended. */
  REAL_SERVER_IS_DIRECTOR = "real-server-is-director",
  /**
   * The machines of a Consul service's instances are not known at synth, so they do not get the director as their gateway. It works if all
   * of them have that gateway already, and none is in the clients' subnet.
   */
  CONSUL_WITHOUT_SNAT = "consul-without-snat",
  /**
   * The hash chooses a real server that takes no new connection, and the scheduler tries no other one: clients are refused, although other
   * real servers could serve them. Refused for weight 0 and thresholds; a warning for drains.
   */
  HASHING_WITHOUT_FALLBACK = "hashing-without-fallback",
  /**
   * Two virtual services of a director lead to one port of a real server by masquerading. Where a client uses one of its ports for a
   * connection through each of them, IPVS sends the answers of both through the newer one, and the older one hangs. A warning.
   */
  SHARED_REAL_SERVER = "shared-real-server",
}

/** A refusal that applies here. */
export type Finding = acknowledgement.Finding<Refusal>;

type Service = Pick<ServiceSpec, "endpoints" | "forwarding" | "onePacket">;

/** What can't work about a virtual service, wherever its real servers are. */
export function serviceFindings(director: Host, { endpoints, forwarding, onePacket }: Service): Finding[] {
  return [
    ...endpoints
      .filter(({ address }) => neighbourOf(director, address) === undefined)
      .map(({ address }) => vipOutsideSubnets(director, address)),
    ...methodFindings({ forwarding, onePacket }),
  ];
}

/** What can't work about a forwarding method by itself. */
export function methodFindings({ forwarding, onePacket }: Pick<Service, "forwarding" | "onePacket">): Finding[] {
  return [
    ...(forwarding.snat && forwarding.conntrack === false ? [SNAT_WITHOUT_CONNTRACK] : []),
    ...(onePacket && forwarding.name === "masquerading" ? [ONE_PACKET_MASQUERADING] : []),
  ];
}

/** What can't work about a real server of a virtual service. @param port 0: the one that was asked for */
export function realServerFindings(
  director: Host,
  server: Host & { readonly own: InterfaceAddress; readonly port: number },
  service: Service,
): Finding[] {
  const { forwarding, endpoints } = service;
  const { own } = server;
  if (director.addresses.some(({ address }) => address === own.address)) return [isDirector(director, own)];
  const near = neighbourOf(director, own.address) !== undefined;
  const otherPort = endpoints.find(({ port }) => server.port !== 0 && server.port !== port);
  switch (forwarding.name) {
    case "masquerading": {
      if (forwarding.snat) return [];
      const shared = endpoints.find((endpoint) => sharesSubnet(director, endpoint, own));
      if (shared !== undefined) return [masqueradingSameSubnet(shared, server, own)];
      return near ? [] : [gatewayOutOfReach(director, server, own)];
    }
    case "direct routing":
      return [
        ...vipIsDirectorAddress(director, server, service),
        ...(near ? [] : [directRoutingAcrossSubnets(director, server, own)]),
        ...(otherPort ? [otherPortFinding(Refusal.DIRECT_ROUTING_OTHER_PORT, forwarding, otherPort, server.port)] : []),
      ];
    default:
      return [
        ...vipIsDirectorAddress(director, server, service),
        ...(otherPort ? [otherPortFinding(Refusal.TUNNELING_OTHER_PORT, forwarding, otherPort, server.port)] : []),
      ];
  }
}

/**
 * What can't work about following a service of Consul. It works where every machine that an instance may run on is prepared
 * outside of the program, so it can be acknowledged.
 */
export function followFindings(service: string, forwarding: ForwardingSpec): Finding[] {
  if (forwarding.name !== "masquerading" || forwarding.snat) return [];
  return [
    {
      refusal: Refusal.CONSUL_WITHOUT_SNAT,
      failure: {
        property: "forwarding",
        rule: `can't be masquerading without SNAT for instances of ${service} in Consul, because their machines are not known and do not have the director as their gateway; they answer past it and connections hang in SYN_RECV`,
        cure: "use ForwardingMethod.masquerading({ snat: true })",
      },
    },
  ];
}

/** What a real server can't be with a scheduler that hashes and has no fallback. */
export function hashingFindings(
  scheduler: Hashing,
  { weight, upperThreshold }: { readonly weight: number; readonly upperThreshold?: number },
): Finding[] {
  const cure = cureOf(scheduler);
  if (cure === undefined) return [];
  const finding = (property: string, rule: string, got: number): Finding => ({
    refusal: Refusal.HASHING_WITHOUT_FALLBACK,
    failure: { property, rule, got, cure },
  });
  const refused = `with ${scheduler.word} without fallback, because clients that hash to this real server`;
  return [
    ...(weight === 0
      ? [finding("weight", `can't be 0 ${refused} are then refused, although others could serve them`, 0)]
      : []),
    ...(upperThreshold === undefined
      ? []
      : [finding("upperThreshold", `can't be given ${refused} are refused while it is reached`, upperThreshold)]),
  ];
}

/** The warning about such a scheduler where nothing is wrong yet. */
export function hashingWarning(scheduler: Hashing): string | undefined {
  const cure = cureOf(scheduler);
  return cure === undefined
    ? undefined
    : `'scheduler' is ${scheduler.word} without fallback: while a real server drains, clients that hash to it are refused: ${cure}`;
}

interface Hashing {
  readonly word: string;
  readonly flags: readonly string[];
}

const CURES: Readonly<Record<string, string>> = {
  dh: "use Scheduler.LOCALITY_BASED_LEAST_CONNECTION, which keeps a destination with its real server and gives it another one where that takes none",
  sh: "use Scheduler.sourceHashing(), whose fallback gives them another one",
  mh: "use Scheduler.maglevHashing(), whose fallback gives them another one",
};

/** What to do about a scheduler that asks no other real server where the hashed one takes no new connection. */
function cureOf({ word, flags }: Hashing): string | undefined {
  return flags.includes(`${word}-fallback`) ? undefined : CURES[word];
}

/** Whether clients in the VIP's own network reach the real server without a router. */
function sharesSubnet(director: Host, { address: vip }: Endpoint, server: InterfaceAddress): boolean {
  const network = neighbourOf(director, vip)?.subnet ?? server.subnet;
  return subnetContains(network, vip) && subnetContains(network, server.address);
}

function subnetsOf({ addresses }: Host): string {
  return [...new Set(addresses.map(({ subnet }) => subnet))].join(", ");
}

function vipOutsideSubnets(director: Host, address: string): Finding {
  return {
    refusal: Refusal.VIP_OUTSIDE_SUBNETS,
    failure: {
      property: "address",
      rule: `must lie in a subnet of the director ${director.name} (${subnetsOf(director)}), or no host there asks it for the VIP`,
      got: address,
      cure: `choose an address of such a subnet, or give ${director.name} an interface in the VIP's`,
    },
  };
}

/** What is behind a router is assumed to be reached by the director's first address. */
function vipIsDirectorAddress(
  director: Host,
  { name, own }: Host & { readonly own: InterfaceAddress },
  { endpoints, forwarding }: Service,
): Finding[] {
  // An IPv6 neighbour is asked for by a link-local address, so direct routing works there.
  if (own.family === 6 && forwarding.name === "direct routing") return [];
  const from = neighbourOf(director, own.address) ?? director.addresses.find(({ family }) => family === own.family);
  const vip = endpoints.find(({ address }) => address === from?.address);
  if (vip === undefined) return [];
  return [
    {
      refusal: Refusal.VIP_IS_DIRECTOR_ADDRESS,
      failure: {
        property: "machine",
        rule: `can't be reached by ${director.name} from the VIP ${vip.address} for ${forwarding.name}, because ${name} gets the VIP on lo and then never answers ${director.name}`,
        got: own.address,
        cure: `choose another VIP of that subnet; ${director.name} gets it as an additional address`,
      },
    },
  ];
}

const SNAT_WITHOUT_CONNTRACK: Finding = {
  refusal: Refusal.SNAT_WITHOUT_CONNTRACK,
  failure: {
    property: "forwarding",
    rule: "can't rewrite the client's address without conntrack, because IPVS then keeps its connections away from the SNAT rules and they hang in SYN_RECV",
    cure: "leave 'conntrack' out: ForwardingMethod.masquerading({ snat: true })",
  },
};

const ONE_PACKET_MASQUERADING: Finding = {
  refusal: Refusal.ONE_PACKET_MASQUERADING,
  failure: {
    property: "onePacket",
    rule: "can't go with masquerading, because the connection is forgotten before its answer comes and the answer is not rewritten",
    got: true,
    cure: "use ForwardingMethod.directRouting() or ForwardingMethod.tunneling(), or leave 'onePacket' out",
  },
};

function isDirector(director: Host, { address }: InterfaceAddress): Finding {
  return {
    refusal: Refusal.REAL_SERVER_IS_DIRECTOR,
    failure: {
      property: "machine",
      rule: `can't be the director ${director.name} itself: nothing would be forwarded, IPVS passes such a connection to a local server, and this is almost always a mistake`,
      got: address,
      cure: "put the server on a machine of its own",
    },
  };
}

function masqueradingSameSubnet({ address: vip }: Endpoint, { name }: Host, own: InterfaceAddress): Finding {
  return {
    refusal: Refusal.MASQUERADING_SAME_SUBNET,
    failure: {
      property: "machine",
      rule: `can't share the subnet ${own.subnet} with the VIP ${vip} when masquerading without SNAT, because ${name} answers a client there directly and the connection hangs in SYN_RECV`,
      got: own.address,
      cure: `use ForwardingMethod.masquerading({ snat: true }) or ForwardingMethod.directRouting(), or move ${name} to a subnet behind the director`,
    },
  };
}

function gatewayOutOfReach(director: Host, { name }: Host, own: InterfaceAddress): Finding {
  return {
    refusal: Refusal.GATEWAY_OUT_OF_REACH,
    failure: {
      property: "machine",
      rule: `must share a subnet with the director ${director.name} (${subnetsOf(director)}) when masquerading without SNAT, because ${director.name} has to be the gateway of ${name}`,
      got: own.address,
      cure: `use ForwardingMethod.masquerading({ snat: true }), or give ${director.name} an address in ${own.subnet}`,
    },
  };
}

function directRoutingAcrossSubnets(director: Host, { name }: Host, own: InterfaceAddress): Finding {
  return {
    refusal: Refusal.DIRECT_ROUTING_ACROSS_SUBNETS,
    failure: {
      property: "machine",
      rule: `must share a subnet with the director ${director.name} (${subnetsOf(director)}) for direct routing, because only the MAC address of a packet changes`,
      got: own.address,
      cure: `use ForwardingMethod.tunneling(), or give ${director.name} and ${name} addresses in one subnet`,
    },
  };
}

function otherPortFinding(
  refusal: Refusal,
  { name }: Service["forwarding"],
  endpoint: Endpoint,
  port: number,
): Finding {
  return {
    refusal,
    failure: {
      property: "port",
      rule: `must be the virtual service's port ${endpoint.port} for ${name}, because the packet reaches the real server as the client sent it`,
      got: port,
      cure: `leave 'port' out and let the server listen on ${endpoint.port}, or use ForwardingMethod.masquerading()`,
    },
  };
}
