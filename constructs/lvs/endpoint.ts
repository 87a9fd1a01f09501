import { Token } from "cdktf";
import { backendAddresses, describeUnusable, hasAddress, IMachine, normalizeAddress } from "../machine";
import { Validation } from "../private/validation";
import { Endpoint, familyOf, Protocol, socketAddress } from "./spec";
import { neighbourOf } from "./topology";
import { requireKnown } from "./values";

/** One address and port of a firewall mark service. */
export interface EndpointOptions {
  /** The VIP, as in {@link VirtualServiceOptions.address}. */
  readonly address: string;
  /** Port that clients connect to, 1 to 65535; 0 is every port of a VIP that is not an address of the director's machine. */
  readonly port: number;
  /** Transport protocol. @default Protocol.TCP */
  readonly protocol?: Protocol;
}

/** A port of the director that a virtual service or a redirect answers for. */
export interface TakenPort {
  /** The construct's path. */
  readonly owner: string;
  readonly protocol: Protocol;
  /** 0: every port that no other one takes. */
  readonly port: number;
  /** @default - every address */
  readonly address?: string;
  /** The firewall mark of its packets. @default - none */
  readonly mark?: number;
}

type Wanted = Pick<TakenPort, "protocol" | "port" | "address">;

/** The ports of a director that are taken, by protocol, port and address, and by firewall mark. */
export class TakenPorts {
  private readonly list: TakenPort[] = [];
  /** The first of each: by port and address, by port whatever the address, and by port of those for every address. */
  private readonly byPort = new Map<string, TakenPort>();
  private readonly byMark = new Map<string, TakenPort>();

  get all(): readonly TakenPort[] {
    return this.list;
  }

  add(taken: TakenPort): void {
    const { address, mark } = taken;
    this.list.push(taken);
    for (const key of [keyOf(taken, address ?? "every"), keyOf(taken, "any")])
      if (!this.byPort.has(key)) this.byPort.set(key, taken);
    if (mark === undefined) return;
    const key = `${mark} ${address === undefined ? 4 : familyOf(address)}`;
    if (!this.byMark.has(key)) this.byMark.set(key, taken);
  }

  /** What takes the wanted port already. */
  at(wanted: Wanted): TakenPort | undefined {
    const { address } = wanted;
    if (address === undefined) return this.byPort.get(keyOf(wanted, "any"));
    return this.byPort.get(keyOf(wanted, address)) ?? this.byPort.get(keyOf(wanted, "every"));
  }

  /** What has that firewall mark already; IPv4 and IPv6 have marks of their own. */
  markedWith(mark: number, families: ReadonlySet<4 | 6>): TakenPort | undefined {
    return [...families].map((family) => this.byMark.get(`${mark} ${family}`)).find((taken) => taken !== undefined);
  }
}

function keyOf({ protocol, port }: Wanted, address: string): string {
  return `${protocol} ${port} ${address}`;
}

interface EndpointContext {
  readonly mark?: number;
  readonly persistenceTimeout?: string;
  /** Whether its real servers come from Consul. */
  readonly follows: boolean;
  /** Ports of the director that are taken. */
  readonly taken: TakenPorts;
  readonly director: IMachine;
}

/** Addresses, ports and the mark: in range, and not in use elsewhere. */
export function checkEndpoints(validation: Validation, endpoints: readonly Endpoint[], context: EndpointContext): void {
  validation.require(endpoints.length > 0, {
    property: "endpoints",
    rule: "must name at least one address and port",
    cure: 'for example [{ address: "192.168.139.100", port: 80 }]',
  });
  const { mark, taken, director } = context;
  for (const endpoint of endpoints) checkEndpoint(validation, endpoint, taken);
  checkEveryPort(validation, endpoints, context);
  for (const address of new Set(endpoints.map((each) => each.address))) checkVip(validation, address, director);
  const families = new Set(endpoints.map(({ address }) => familyOf(address)));
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
  const owner = taken.markedWith(mark, families)?.owner ?? "";
  validation.require(owner === "", {
    property: "mark",
    rule: `can't be that of ${owner}, too`,
    got: mark,
    cure: `choose another number, or add the endpoints to ${owner}`,
  });
}

function checkEndpoint(validation: Validation, endpoint: Endpoint, taken: TakenPorts): void {
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
  const owner = taken.at(endpoint)?.owner ?? "";
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
  { mark, director, persistenceTimeout, follows }: EndpointContext,
): void {
  const every = endpoints.filter(({ port }) => port === 0);
  if (every.length === 0) return;
  validation.require(mark !== undefined || persistenceTimeout !== undefined, {
    property: "port",
    rule: "can't be 0 (every port) without 'persistenceTimeout', which IPVS requires: the connections of a client belong together",
    got: 0,
    cure: "give 'persistenceTimeout', or choose the port that clients connect to",
  });
  validation.require(!follows, {
    property: "port",
    rule: "can't be 0 (every port) for instances from Consul, each of which listens on one port",
    got: 0,
    cure: "choose the port that clients connect to, or give a fixed list of real servers",
  });
  const own = every.find(({ address }) => hasAddress(director, address));
  validation.require(own === undefined, {
    property: "address",
    rule: `can't be an address of ${director.name} itself with port 0, because every port includes its ssh`,
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
    rule: "can't stand for every address of the director, because IPVS identifies a virtual service by its address",
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
