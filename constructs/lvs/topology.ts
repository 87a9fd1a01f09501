import { InterfaceAddress, normalizeAddress, subnetContains } from "../machine";
import { Finding, Refusal } from "./refusal";
import { Endpoint, ServiceSpec, SnatChoice } from "./service-spec";

/** A machine as these checks see it. */
export interface Place {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
}

type Service = Pick<ServiceSpec, "endpoints" | "forwarding" | "onePacket">;

/** The address of a machine through which another address is reached without a router. */
export function neighbourOf(place: Place, address: string): InterfaceAddress | undefined {
  if (normalizeAddress(address) === undefined) return undefined;
  return place.addresses.find(({ subnet }) => subnetContains(subnet, address));
}

/**
 * Which address of a real server's machine takes the connections: behind the director if it is its gateway, else in a
 * network that the director is in, else its first.
 */
export function realServerAddress(
  director: Place,
  server: Place,
  family: 4 | 6,
  { endpoints, forwarding }: Service,
): InterfaceAddress | undefined {
  const candidates = server.addresses.filter((own) => own.family === family);
  const near = candidates.filter(({ address }) => neighbourOf(director, address) !== undefined);
  const behind = near.filter(({ subnet }) => !endpoints.some(({ address }) => subnetContains(subnet, address)));
  const isGateway = forwarding.name === "masquerading" && !forwarding.snat;
  return (isGateway ? behind[0] : undefined) ?? near[0] ?? candidates[0];
}

/** The largest packet from a director to a real server, as far as their interfaces tell. */
export function mtuBetween(director: Place, server: InterfaceAddress): number {
  const from =
    neighbourOf(director, server.address) ?? director.addresses.find(({ family }) => family === server.family);
  return Math.min(from?.mtu ?? 1500, server.mtu ?? 1500);
}

/** The director's address that takes the client's place on the way to a real server. */
export function snatSource(director: Place, vip: string, server: InterfaceAddress, plane: "ipvs" | "iptables"): string {
  const near = neighbourOf(director, server.address);
  // A router is in between: the answer finds its way to the VIP as well as a client's request does.
  if (near === undefined) return plane === "iptables" ? vip : (ownAddress(director, vip) ?? vip);
  return plane === "iptables" && subnetContains(near.subnet, vip) ? vip : near.address;
}

/** {@link snatSource} for real servers that may be anywhere. Ipvs plane. */
export function snatChoices(director: Place, vip: string): SnatChoice[] {
  const family = vip.includes(":") ? 6 : 4;
  const elsewhere = ownAddress(director, vip) ?? vip;
  const near = director.addresses
    .filter(
      (own, index, all) => own.family === family && all.findIndex(({ subnet }) => subnet === own.subnet) === index,
    )
    .filter(({ address }) => address !== elsewhere)
    .map(({ subnet, address }) => ({ subnet, address }));
  return [...near, { address: elsewhere }];
}

/** What can't work about a virtual service, wherever its real servers are. */
export function serviceFindings(director: Place, { endpoints, forwarding, onePacket }: Service): Finding[] {
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
  director: Place,
  server: Place & { readonly own: InterfaceAddress; readonly port: number },
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

function ownAddress(director: Place, vip: string): string | undefined {
  const family = vip.includes(":") ? 6 : 4;
  return (neighbourOf(director, vip) ?? director.addresses.find((own) => own.family === family))?.address;
}

/** Whether clients in the VIP's own network reach the real server without a router. */
function sharesSubnet(director: Place, { address: vip }: Endpoint, server: InterfaceAddress): boolean {
  const network = neighbourOf(director, vip)?.subnet ?? server.subnet;
  return subnetContains(network, vip) && subnetContains(network, server.address);
}

function subnetsOf({ addresses }: Place): string {
  return [...new Set(addresses.map(({ subnet }) => subnet))].join(", ");
}

function vipOutsideSubnets(director: Place, address: string): Finding {
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
  director: Place,
  { name, own }: Place & { readonly own: InterfaceAddress },
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

function isDirector(director: Place, { address }: InterfaceAddress): Finding {
  return {
    refusal: Refusal.REAL_SERVER_IS_DIRECTOR,
    failure: {
      property: "machine",
      rule: `can't be the director ${director.name} itself: nothing would be forwarded, IPVS passes such a connection to a local server, and this is nearly always a mistake`,
      got: address,
      cure: "put the server on a machine of its own",
    },
  };
}

function masqueradingSameSubnet({ address: vip }: Endpoint, { name }: Place, own: InterfaceAddress): Finding {
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

function gatewayOutOfReach(director: Place, { name }: Place, own: InterfaceAddress): Finding {
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

function directRoutingAcrossSubnets(director: Place, { name }: Place, own: InterfaceAddress): Finding {
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
