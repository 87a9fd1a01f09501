import { InterfaceAddress, normalizeAddress, subnetContains } from "../machine";
import type { Sources } from "../packets";
import type { ForwardingMethod } from "./forwarding-method";
import { familyOf, ServiceSpec, SnatChoice } from "./spec";

/** The name and the addresses of a machine. */
export interface Host {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
}

/** The address of a machine through which another address is reached without a router. */
export function neighbourOf(host: Host, address: string): InterfaceAddress | undefined {
  if (normalizeAddress(address) === undefined) return undefined;
  return host.addresses.find(({ subnet }) => subnetContains(subnet, address));
}

/**
 * Which address of a real server's machine takes the connections: behind the director if it is its gateway, else in a
 * network that the director is in, else its first.
 */
export function realServerAddress(
  director: Host,
  server: Host,
  family: 4 | 6,
  { endpoints, forwarding }: Pick<ServiceSpec, "endpoints" | "forwarding">,
): InterfaceAddress | undefined {
  const candidates = server.addresses.filter((own) => own.family === family);
  const near = candidates.filter(({ address }) => neighbourOf(director, address) !== undefined);
  const behind = near.filter(({ subnet }) => !endpoints.some(({ address }) => subnetContains(subnet, address)));
  const isGateway = forwarding.name === "masquerading" && !forwarding.snat;
  return (isGateway ? behind[0] : undefined) ?? near[0] ?? candidates[0];
}

/** The largest packet from a director to a real server, as far as their interfaces tell. */
export function mtuBetween(director: Host, server: InterfaceAddress): number {
  const from =
    neighbourOf(director, server.address) ?? director.addresses.find(({ family }) => family === server.family);
  return Math.min(from?.mtu ?? 1500, server.mtu ?? 1500);
}

/** The director's address that takes the client's place on the way to a real server. */
export function snatSource(director: Host, vip: string, server: InterfaceAddress, plane: "ipvs" | "iptables"): string {
  const near = neighbourOf(director, server.address);
  // A router is in between: the answer finds its way to the VIP as well as a client's request does.
  if (near === undefined) return plane === "iptables" ? vip : (ownAddress(director, vip) ?? vip);
  return plane === "iptables" && subnetContains(near.subnet, vip) ? vip : near.address;
}

/** {@link snatSource} for real servers that may be anywhere. Ipvs plane. */
export function snatChoices(director: Host, vip: string): SnatChoice[] {
  const family = familyOf(vip);
  const elsewhere = ownAddress(director, vip) ?? vip;
  const near = director.addresses
    .filter(
      (own, index, all) => own.family === family && all.findIndex(({ subnet }) => subnet === own.subnet) === index,
    )
    .filter(({ address }) => address !== elsewhere)
    .map(({ subnet, address }) => ({ subnet, address }));
  return [...near, { address: elsewhere }];
}

/** Where the connections of real servers come from: from the director where it takes the client's place, else from its clients. */
export function connectionSources(
  { snat }: ForwardingMethod,
  director: Host,
  snatTo: readonly string[],
  clients: Sources,
): Sources {
  const others = snat ? snatTo : clients;
  return others && [...director.addresses.map(({ address }) => address), ...others];
}

function ownAddress(director: Host, vip: string): string | undefined {
  const family = familyOf(vip);
  return (neighbourOf(director, vip) ?? director.addresses.find((own) => own.family === family))?.address;
}
