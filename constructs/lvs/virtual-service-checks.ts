import { Token } from "cdktf";
import { backendAddresses, describeUnusable, IMachine, normalizeAddress } from "../machine";
import { Validation } from "../private/validation";
import { Claim, claimMet, markClaimMet } from "./claim";
import { Protocol } from "./protocol";
import { requireKnown } from "./known-values";
import { Endpoint, socketAddress } from "./service-spec";
import { neighbourOf } from "./topology";
import { ServiceOptions } from "./virtual-service-options";

/** Addresses, ports and the mark: in range, and nobody else's. */
export function checkEndpoints(
  validation: Validation,
  endpoints: readonly Endpoint[],
  {
    mark,
    claims,
    director,
  }: { readonly mark?: number; readonly claims: readonly Claim[]; readonly director: IMachine },
): void {
  validation.require(endpoints.length > 0, {
    property: "endpoints",
    rule: "must name at least one address and port",
    cure: 'for example [{ address: "192.168.139.100", port: 80 }]',
  });
  for (const endpoint of endpoints) checkEndpoint(validation, endpoint, claims);
  for (const address of new Set(endpoints.map((each) => each.address))) checkVip(validation, address, director);
  const families = new Set(endpoints.map(({ address }) => (address.includes(":") ? 6 : 4)));
  validation.require(families.size <= 1, {
    property: "endpoints",
    rule: "must be of one address family",
    got: endpoints.map(({ address }) => address),
    cure: "make one firewall mark service for IPv4 and one for IPv6; both may have the same mark",
  });
  if (mark === undefined) return;
  requireKnown(validation, { mark });
  validation.integer(
    "mark",
    mark,
    1,
    2147483647,
    "choose a number that nothing else marks the director's packets with",
  );
  const owner = markClaimMet(claims, mark, families)?.owner ?? "";
  validation.require(owner === "", {
    property: "mark",
    rule: `can't be that of ${owner}, too`,
    got: mark,
    cure: `choose another number, or add the endpoints to ${owner}`,
  });
}

function checkEndpoint(validation: Validation, endpoint: Endpoint, claims: readonly Claim[]): void {
  const { address, port, protocol } = endpoint;
  requireKnown(validation, { address, port });
  validation.integer("port", port, 1, 65535, "choose the port that clients connect to");
  if (Token.isUnresolved(address) || Token.isUnresolved(port)) return;
  validation.require(normalizeAddress(address) !== undefined, {
    property: "address",
    rule: "must be an IPv4 or IPv6 address",
    got: address,
    cure: "write it like '192.168.139.100' or 'fd00:139::100', without prefix length",
  });
  const owner = claimMet(claims, endpoint)?.owner ?? "";
  validation.require(owner === "", {
    property: "port",
    rule: `can't be taken twice; ${owner} already answers for ${protocol} ${socketAddress(address, port)}`,
    got: port,
    cure: `choose another port or address, or add what is meant to ${owner}`,
  });
}

/** An address that clients can be sent to, and that is nobody's yet as far as one can tell here. */
function checkVip(validation: Validation, address: string, director: IMachine): void {
  if (normalizeAddress(address) === undefined) return;
  const what =
    describeUnusable(address, neighbourOf(director, address)?.subnet) ??
    (backendAddresses(director).includes(address) ? "an address of the lab's router" : undefined);
  validation.require(what === undefined, {
    property: "address",
    rule: `can't be ${what ?? ""}`,
    got: address,
    cure: "choose another address of the director's subnets; several addresses are a virtual service each, or one with addFirewallMarkService",
  });
}

/** Persistence and one-packet scheduling. */
export function checkOptions(validation: Validation, endpoints: readonly Endpoint[], options: ServiceOptions): void {
  const { persistenceTimeoutSeconds: timeout, persistenceNetmask: netmask, onePacket } = options;
  requireKnown(validation, { persistenceTimeoutSeconds: timeout, persistenceNetmask: netmask });
  validation.integer("persistenceTimeoutSeconds", timeout, 1, 31 * 86400, "300 is usual, 31 days are the most");
  if (netmask !== undefined && !Token.isUnresolved(netmask)) {
    validation.require(timeout !== undefined, {
      property: "persistenceNetmask",
      rule: "has no effect without 'persistenceTimeoutSeconds'",
      got: netmask,
      cure: "give 'persistenceTimeoutSeconds', too, or leave both out",
    });
    const ipv6 = endpoints.some(({ address }) => address.includes(":"));
    validation.require(ipv6 ? isPrefixLength(netmask) : isNetmask(netmask), {
      property: "persistenceNetmask",
      rule: ipv6 ? "must be a prefix length from 1 to 128" : "must be a netmask",
      got: netmask,
      cure: ipv6 ? "for example '64'" : "for example '255.255.255.0'",
    });
  }
  validation.require(onePacket !== true || endpoints.every(({ protocol }) => protocol === Protocol.UDP), {
    property: "onePacket",
    rule: "must go with UDP",
    got: onePacket,
    cure: "use protocol: Protocol.UDP, or leave 'onePacket' out",
  });
}

function isPrefixLength(text: string): boolean {
  return /^[1-9]\d{0,2}$/.test(text) && Number(text) <= 128;
}

/** Ones, then zeros: `255.255.240.0`. */
function isNetmask(text: string): boolean {
  if (normalizeAddress(text) !== text || text.includes(":")) return false;
  const bits = text.split(".").map((part) => Number(part).toString(2).padStart(8, "0"));
  return /^1+0*$/.test(bits.join(""));
}
