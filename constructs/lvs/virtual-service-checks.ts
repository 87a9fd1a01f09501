import { Token } from "cdktf";
import { backendAddresses, describeUnusable, hasAddress, IMachine, normalizeAddress } from "../machine";
import { Validation } from "../private/validation";
import { Claims } from "./claim";
import { Protocol } from "./protocol";
import { requireKnown } from "./known-values";
import { Endpoint, socketAddress } from "./service-spec";
import { neighbourOf } from "./topology";
import { ServiceOptions } from "./virtual-service-options";

interface EndpointContext extends Pick<ServiceOptions, "persistenceTimeoutSeconds" | "realServers"> {
  readonly mark?: number;
  /** Ports of the director that are taken. */
  readonly claims: Claims;
  readonly director: IMachine;
}

/** Addresses, ports and the mark: in range, and not in use elsewhere. */
export function checkEndpoints(validation: Validation, endpoints: readonly Endpoint[], context: EndpointContext): void {
  validation.require(endpoints.length > 0, {
    property: "endpoints",
    rule: "must name at least one address and port",
    cure: 'for example [{ address: "192.168.139.100", port: 80 }]',
  });
  const { mark, claims, director } = context;
  for (const endpoint of endpoints) checkEndpoint(validation, endpoint, claims);
  checkEveryPort(validation, endpoints, context);
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
  const owner = claims.markMet(mark, families)?.owner ?? "";
  validation.require(owner === "", {
    property: "mark",
    rule: `can't be that of ${owner}, too`,
    got: mark,
    cure: `choose another number, or add the endpoints to ${owner}`,
  });
}

function checkEndpoint(validation: Validation, endpoint: Endpoint, claims: Claims): void {
  const { address, port, protocol } = endpoint;
  requireKnown(validation, { address, port });
  validation.integer("port", port, 0, 65535, "choose the port that clients connect to; 0 is every port");
  if (Token.isUnresolved(address) || Token.isUnresolved(port)) return;
  validation.require(normalizeAddress(address) !== undefined, {
    property: "address",
    rule: "must be an IPv4 or IPv6 address",
    got: address,
    cure: "write it like '192.168.139.100' or 'fd00:139::100', without prefix length",
  });
  const owner = claims.met(endpoint)?.owner ?? "";
  validation.require(owner === "", {
    property: "port",
    rule: `can't be taken twice; ${owner} already answers for ${protocol} ${socketAddress(address, port)}`,
    got: port,
    cure: `choose another port or address, or add what is meant to ${owner}`,
  });
}

/** Every port of an address: not of the director's own, and only with what the kernel needs for it. */
function checkEveryPort(
  validation: Validation,
  endpoints: readonly Endpoint[],
  { mark, director, persistenceTimeoutSeconds, realServers }: EndpointContext,
): void {
  const every = endpoints.filter(({ port }) => port === 0);
  if (every.length === 0) return;
  validation.require(mark !== undefined || persistenceTimeoutSeconds !== undefined, {
    property: "port",
    rule: "can't be 0 (every port) without 'persistenceTimeoutSeconds', which IPVS asks for: the connections of a client belong together",
    got: 0,
    cure: "give 'persistenceTimeoutSeconds', or choose the port that clients connect to",
  });
  validation.require(realServers === undefined || Array.isArray(realServers), {
    property: "port",
    rule: "can't be 0 (every port) for instances from Consul, each of which listens on one port",
    got: 0,
    cure: "choose the port that clients connect to, or give a fixed list of real servers",
  });
  const own = every.find(({ address }) => hasAddress(director, address));
  validation.require(own === undefined, {
    property: "address",
    rule: `can't be the own one of ${director.name} with port 0, because every port includes its ssh`,
    got: own?.address,
    cure: `choose another address of its subnet; ${director.name} gets it as an additional one`,
  });
}

/** An address that clients can be sent to, and that is not in use as far as is known here. */
function checkVip(validation: Validation, address: string, director: IMachine): void {
  if (normalizeAddress(address) === undefined) return;
  const everywhere = address === "0.0.0.0" || address === "::";
  validation.require(!everywhere, {
    property: "address",
    rule: "can't stand for every address of the director, because IPVS knows a virtual service by its address",
    got: address,
    cure: "make a virtual service of each address, or one of all with addFirewallMarkService; addRedirect takes a port at every address",
  });
  if (everywhere) return;
  const what =
    describeUnusable(address, neighbourOf(director, address)?.subnet) ??
    (backendAddresses(director).includes(address) ? "an address of the lab's router" : undefined);
  validation.require(what === undefined, {
    property: "address",
    rule: `can't be ${what ?? ""}`,
    got: address,
    cure: "choose another address of the director's subnets",
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
