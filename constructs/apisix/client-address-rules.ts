import * as ipaddr from "ipaddr.js";
import { ApisixObject, leavesOf } from "./document-text";
import { GatewayObject } from "./gateway-end";

/** Somewhere in an object that goes by the client's address. */
export interface AddressUse {
  /** `plugins.limit-count.key` */
  readonly at: string;
  /** What is done by it, in the words `counts requests by it`. */
  readonly does: string;
}

/** What counts by a variable: where it says which one. Left out, `limit-count` takes the address. */
const COUNTERS = ["limit-count", "limit-req", "limit-conn", "graphql-limit-count"];

/** Words that nothing is decided by. */
const WORDS = /^(id|name|desc|labels)(\.|$)/;

/** The address as a variable of nginx, or in a text with variables. */
const ADDRESS = /^(binary_|realip_)?remote_addr$|\$\{?(binary_|realip_)?remote_addr\b/;

/** Everything in an object that goes by the client's address. */
export function addressUses({ document }: Pick<GatewayObject, "document">): AddressUse[] {
  const plugins = pluginsOf(document);
  return [
    ...["remote_addrs", "remote_addr"]
      .filter((field) => field in document)
      .map((at) => ({ at, does: "matches by it" })),
    ...Object.entries(plugins).flatMap(([name, config]) => pluginUses(name, config)),
    ...mentions(Object.fromEntries(Object.entries(document).filter(([field]) => field !== "plugins")), ""),
  ];
}

function pluginUses(name: string, config: ApisixObject): AddressUse[] {
  const at = `plugins.${name}`;
  if ((config._meta as ApisixObject | undefined)?.disable === true) return [];
  if (name === "ip-restriction") return [{ at, does: "lets in by it" }];
  // Where the address comes from is what it says itself.
  if (name === "real-ip") return [];
  const { key, key_type: type, rules } = config;
  const byDefault = name.endsWith("limit-count") && key === undefined && rules === undefined && type !== "constant";
  return byDefault ? [{ at, does: "counts requests by it" }] : mentions(config, at);
}

function mentions(value: unknown, at: string): AddressUse[] {
  return leavesOf(value, at)
    .filter(
      (leaf) => !leaf.isName && !WORDS.test(leaf.at) && typeof leaf.value === "string" && ADDRESS.test(leaf.value),
    )
    .map((leaf) => ({ at: leaf.at, does: doing(leaf.at) }));
}

function doing(at: string): string {
  if (COUNTERS.some((name) => at.startsWith(`plugins.${name}.`))) return "counts requests by it";
  if (/^(upstream\.)?key$/.test(at)) return "chooses a node by it";
  return /(^|\.)(vars|filter|match)\b/.test(at) ? "matches by it" : "tells it";
}

export function pluginsOf(document: ApisixObject): Record<string, ApisixObject> {
  return (document.plugins ?? {}) as Record<string, ApisixObject>;
}

/** Whether a `real-ip` would take the client's address from a request that comes from one of these addresses. */
export function believes(realIp: ApisixObject, addresses: readonly string[]): boolean {
  const trusted = realIp.trusted_addresses as readonly string[] | undefined;
  return trusted === undefined || addresses.some((address) => covers(trusted, address));
}

/** Whether an address is one of those, or in a subnet of those. */
export function covers(trusted: readonly string[], address: string): boolean {
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
