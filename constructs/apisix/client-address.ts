import { IConstruct } from "constructs";
import * as ipaddr from "ipaddr.js";
import { VirtualService } from "../lvs";
import { IMachine } from "../machine";
import type { IGateway } from "./gateway-base";
import type { GatewayObject } from "./object";
import { factsOf } from "./plugins/catalogue";
import { ApisixObject, leavesOf, pluginsOf } from "./render/document";

// What a gateway and the directors in front of it have to know of each other: the port that clients use, and who the client is.

/** A gateway as far as directors lead to it. */
interface Behind extends IConstruct {
  /** Its name in Consul. */
  readonly name: string;
  /** Where it runs. @default - not known */
  readonly machines?: readonly IMachine[];
}

/** A director's virtual service that leads to a gateway. */
export interface InFront {
  readonly virtualService: VirtualService;
  readonly director: IMachine;
  /** The port that clients use. */
  readonly port: number;
  /** The port of the gateway. @default - the one that it is registered with in Consul, for plain HTTP */
  readonly to?: number;
}

/** Everything in the program that leads to a gateway, at the time of the call. */
export function inFrontOf(gateway: Behind): InFront[] {
  const targets = [gateway, gateway.name, ...(gateway.machines ?? [])];
  return VirtualService._leadingTo(gateway.node.root, targets).flatMap((each) =>
    portsInFront(each, each._director, gateway),
  );
}

function portsInFront(virtualService: VirtualService, director: IMachine, gateway: Behind): InFront[] {
  const { endpoints, followed, forwarding, realServers } = virtualService;
  const keepsPort = forwarding.name !== "masquerading";
  const fixed = realServers.filter(({ machine }) => (gateway.machines ?? []).includes(machine));
  return endpoints.flatMap(({ port }): InFront[] => {
    const part = { virtualService, director, port };
    if (followed !== undefined)
      return (followed.known as unknown) === gateway || followed.service === gateway.name
        ? [keepsPort ? { ...part, to: port } : part]
        : [];
    const ports = new Set(fixed.map((server) => (keepsPort || server.port === 0 ? port : server.port)));
    return [...ports].map((to) => ({ ...part, to }));
  });
}

/** What an object would do by a client's address that a director in front of its gateway hides; sentences for a warning. */
export function hiddenAddressWarnings(gateway: IGateway & Partial<Behind>, object: GatewayObject): string[] {
  const uses = addressUses(object);
  const realIp = pluginsOf(object.document)["real-ip"];
  if (uses.length === 0 && realIp === undefined) return [];
  const hiding = inFrontOf(gateway).filter(
    ({ virtualService, director }) =>
      virtualService.forwarding.snat &&
      !director.addresses.some(({ address }) => covers(gateway.trustedAddresses ?? [], address)),
  );
  return oneADirector(hiding).flatMap((front) => warningsBehind(front, uses, realIp, gateway._objects, object));
}

function oneADirector(fronts: readonly InFront[]): InFront[] {
  return fronts.filter((front, index) => fronts.findIndex(({ director }) => director === front.director) === index);
}

function warningsBehind(
  { virtualService, director }: InFront,
  uses: readonly AddressUse[],
  realIp: ApisixObject | undefined,
  all: readonly GatewayObject[],
  object: GatewayObject,
): string[] {
  const addresses = director.addresses.map(({ address }) => address);
  const [by, scope] = [virtualService.node.path, virtualService.node.scope?.node.path ?? ""];
  const cure =
    `use forwarding: ForwardingMethod.directRouting() for ${by}, or ForwardingMethod.masquerading() without SNAT, with the ` +
    "director as the gateway's default gateway";
  if (realIp !== undefined && !believes(realIp, addresses))
    return [
      `'plugins.real-ip' does nothing: every request comes from the address of director ${scope}, and 'trustedAddresses' has none of ` +
        `${addresses.join(", ")}: add it where an HTTP proxy in front of the director says who the client is; else ${cure}`,
    ];
  if (isRestored(object, all, addresses)) return [];
  return uses.map(
    ({ at, does }) =>
      `'${at}' ${does}, and all clients have one address here: director ${scope} puts its own in place of the client's (SNAT of ${by}): ${cure}`,
  );
}

/** Whether a `real-ip` runs for it that believes the director: the object's own, its service's, or a global one. */
function isRestored({ document }: GatewayObject, all: readonly GatewayObject[], addresses: readonly string[]): boolean {
  const others = all.filter(
    ({ kind, id }) => kind === "global_rules" || (kind === "services" && id === document.service_id),
  );
  return [document, ...others.map((each) => each.document)].some((each) => {
    const realIp = pluginsOf(each)["real-ip"];
    return realIp !== undefined && believes(realIp, addresses);
  });
}

/** Whether a `real-ip` would take the client's address from a request that comes from one of these addresses. */
function believes(realIp: ApisixObject, addresses: readonly string[]): boolean {
  const trusted = realIp.trusted_addresses as readonly string[] | undefined;
  return trusted === undefined || addresses.some((address) => covers(trusted, address));
}

/** Whether an address is one of those, or in a subnet of those. */
function covers(trusted: readonly string[], address: string): boolean {
  const own = ipaddr.parse(address);
  return trusted.some((each) => {
    const [network, bits] = ipaddr.isValidCIDR(each)
      ? ipaddr.parseCIDR(each)
      : ipaddr.isValid(each)
        ? ([ipaddr.parse(each), ipaddr.parse(each).kind() === "ipv4" ? 32 : 128] as const)
        : [undefined, 0];
    return network !== undefined && network.kind() === own.kind() && own.match(network, bits);
  });
}

/** Something in an object that goes by the client's address. */
interface AddressUse {
  /** `plugins.limit-count.key` */
  readonly at: string;
  /** What is done by it, in the words `counts requests by it`. */
  readonly does: string;
}

/** Words that nothing is decided by. */
const WORDS = /^(id|name|desc|labels)(\.|$)/;

/** The address as a variable of nginx, or in a text with variables. */
const ADDRESS = /^(binary_|realip_)?remote_addr$|\$\{?(binary_|realip_)?remote_addr\b/;

/** Everything in an object that goes by the client's address. */
function addressUses({ document }: GatewayObject): AddressUse[] {
  return [
    ...["remote_addrs", "remote_addr"]
      .filter((field) => field in document)
      .map((at) => ({ at, does: "matches by it" })),
    ...Object.entries(pluginsOf(document)).flatMap(([name, config]) => pluginUses(name, config)),
    ...mentions(Object.fromEntries(Object.entries(document).filter(([field]) => field !== "plugins")), ""),
  ];
}

function pluginUses(name: string, config: ApisixObject): AddressUse[] {
  const at = `plugins.${name}`;
  const { usesAddress, setsAddress = false, counts = false, defaultKey = "" } = factsOf(name) ?? {};
  if ((config._meta as ApisixObject | undefined)?.disable === true || setsAddress) return [];
  if (usesAddress !== undefined) return [{ at, does: usesAddress }];
  const { key, key_type: type, rules } = config;
  const byDefault = ADDRESS.test(defaultKey) && key === undefined && rules === undefined && type !== "constant";
  return byDefault ? [{ at, does: COUNTS }] : mentions(config, at, counts ? COUNTS : undefined);
}

const COUNTS = "counts requests by it";

/** @param does what is done by whatever is named there @default - as the field says */
function mentions(value: unknown, at: string, does?: string): AddressUse[] {
  return leavesOf(value, at)
    .filter(
      (leaf) => !leaf.isName && !WORDS.test(leaf.at) && typeof leaf.value === "string" && ADDRESS.test(leaf.value),
    )
    .map((leaf) => ({ at: leaf.at, does: does ?? doneBy(leaf.at) }));
}

function doneBy(field: string): string {
  if (/^(upstream\.)?key$/.test(field)) return "chooses a node by it";
  return /(^|\.)(vars|filter|match)\b/.test(field) ? "matches by it" : "tells it";
}
