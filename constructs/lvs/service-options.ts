import { Token } from "cdktf";
import { canBeLimited, normalizeAddress } from "../machine";
import { networksOf, sourceFailures } from "../packets";
import { DurationRange } from "../private/duration";
import { Validation } from "../private/validation";
import { EndpointOptions } from "./endpoint";
import { ForwardingMethod } from "./forwarding-method";
import { RealServerOptions } from "./real-server";
import { RealServers } from "./real-servers";
import { Refusal } from "./refusals";
import { Scheduler } from "./scheduler";
import { Endpoint, familyOf, Protocol } from "./spec";
import { requireDuration, requireKnown } from "./values";

/** Options that every kind of virtual service has. */
export interface ServiceOptions {
  /** Algorithm that chooses the real server of a new connection. @default Scheduler.ROUND_ROBIN */
  readonly scheduler?: Scheduler;
  /**
   * How packets reach the real servers and come back, unless a real server overrides it.
   *
   * @default ForwardingMethod.masquerading({ snat: true }) - works with real servers anywhere
   */
  readonly forwarding?: ForwardingMethod;
  /**
   * Persistence: time after its last connection for which a client is still sent to the same real server, in whole seconds from `"1s"` to
   * `"744h"` (31 days). Ipvs plane only.
   *
   * @default - each connection is scheduled by itself
   */
  readonly persistenceTimeout?: string;
  /** Netmask that groups clients for persistence: `255.255.255.0`; for IPv6 a prefix length like `64`. @default - each address is a client */
  readonly persistenceNetmask?: string;
  /** One-packet scheduling: each UDP packet is scheduled by itself. Ipvs plane, direct routing or tunneling. @default false */
  readonly onePacket?: boolean;
  /**
   * A fixed list, or the healthy instances of a service in the director's Consul: `RealServers.fromConsul`, `.ofJob` or
   * `.ofGateway`. Real servers from Consul require the ipvs plane and masquerading; a gateway, whose machines are known, allows any method.
   *
   * @default - none; use `addRealServer`
   */
  readonly realServers?: readonly RealServerOptions[] | RealServers;
  /**
   * Addresses and networks that may open connections to it, IPv4 and IPv6: `["10.8.0.0/16", "fd00:8::/32"]`; those of the other address family
   * have no effect, and one of its own is needed. The director drops the packets of others, in any profile and on either plane; it may connect
   * itself. Open TCP connections survive a change. UDP and SCTP: ports below 32768.
   *
   * With {@link AgentProfile.PRODUCTION} and a forwarding method that keeps the client's address, the real servers' machines open their port to
   * these only, too.
   *
   * @default - any source
   * @see https://manpages.debian.org/iptables.8
   */
  readonly clients?: readonly string[];
  /** Refusals to accept: the virtual service is built, with a warning for each. @default - none */
  readonly acknowledge?: readonly Refusal[];
}

/** Options of a virtual service. */
export interface VirtualServiceOptions extends ServiceOptions {
  /**
   * The VIP, IPv4 or IPv6, in a subnet of the director. If it is not an address of the director's machine, the director gets it as an
   * additional address.
   */
  readonly address: string;
  /**
   * Port that clients connect to, 1 to 65535; 0 is every port that no other virtual service of the VIP has. 0 requires persistence, a VIP
   * that is not an address of the director's machine, and the ipvs plane.
   */
  readonly port: number;
  /** Transport protocol. @default Protocol.TCP */
  readonly protocol?: Protocol;
}

/** Options of a virtual service of several addresses and ports. */
export interface FirewallMarkServiceOptions extends ServiceOptions {
  /** Firewall mark, 1 to 2147483647, that nothing else on the director uses. */
  readonly mark: number;
  /** The addresses and ports that form one virtual service, all of one address family. */
  readonly endpoints: readonly EndpointOptions[];
}

/** Checks persistence and one-packet scheduling; the rest is checked by the construct that takes the options. @internal */
export function checkServiceOptions(
  validation: Validation,
  endpoints: readonly Endpoint[],
  options: ServiceOptions,
): void {
  const { persistenceTimeout: timeout, persistenceNetmask: netmask, onePacket } = options;
  const range: DurationRange = { min: "1s", max: "744h", whole: "seconds" };
  requireDuration(validation, "persistenceTimeout", timeout, range, "'300s' is usual, 31 days are the most");
  requireKnown(validation, { persistenceNetmask: netmask });
  if (netmask !== undefined && !Token.isUnresolved(netmask)) {
    validation.require(timeout !== undefined, {
      property: "persistenceNetmask",
      rule: "has no effect without 'persistenceTimeout'",
      got: netmask,
      cure: "give 'persistenceTimeout', too, or leave both out",
    });
    const ipv6 = endpoints.some(({ address }) => address.includes(":"));
    validation.require(ipv6 ? isPrefixLength(netmask) : isNetmask(netmask), {
      property: "persistenceNetmask",
      rule: ipv6 ? "must be a prefix length from 1 to 128" : "must be a netmask",
      got: netmask,
      cure: ipv6 ? "for example '64'" : "for example '255.255.255.0'",
    });
  }
  checkClients(validation, endpoints, options.clients);
  validation.require(onePacket !== true || endpoints.every(({ protocol }) => protocol === Protocol.UDP), {
    property: "onePacket",
    rule: "must go with UDP",
    got: onePacket,
    cure: "use protocol: Protocol.UDP, or leave 'onePacket' out",
  });
}

function checkClients(
  validation: Validation,
  endpoints: readonly Endpoint[],
  clients: readonly string[] | undefined,
): void {
  if (clients === undefined) return;
  const unknown = [clients, ...clients].find((each) => Token.isUnresolved(each));
  requireKnown(validation, { clients: unknown });
  if (unknown !== undefined) return;
  const failures = sourceFailures("clients", clients);
  validation.add(...failures);
  const family = familyOf(endpoints[0]?.address ?? "");
  validation.require(failures.length > 0 || networksOf(clients, family).length > 0, {
    property: "clients",
    rule: `must hold an address or network of IPv${family}, as the virtual address is one, or no client could connect`,
    got: clients,
    cure: "add one, or leave 'clients' out for any source",
  });
  for (const { protocol, port } of endpoints.filter((endpoint) => !canBeLimited(endpoint)))
    validation.add({
      property: "clients",
      rule: `can't be given with ${protocol} port ${port}: from 32768 on answers to the director's own questions come there`,
      got: clients,
      cure: "choose a port below 32768, or leave 'clients' out",
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
