import * as ipaddr from "ipaddr.js";

/** An address of a machine, with its interface and its network. */
export interface InterfaceAddress {
  /** Name of the interface: `eth0`. */
  readonly interface: string;
  /** Address without prefix length, in its short form. */
  readonly address: string;
  /** Version of IP. */
  readonly family: 4 | 6;
  /** Network in CIDR form: `192.168.139.0/24`. */
  readonly subnet: string;
  /** Largest packet of the interface in bytes. @default 1500 */
  readonly mtu?: number;
}

/** `192.168.139.29/24` on an interface; undefined where the text is not one. */
export function parseInterfaceAddress(nic: string, text: string, mtu?: number): InterfaceAddress | undefined {
  const slash = text.indexOf("/");
  const address = normalizeAddress(slash < 0 ? "" : text.slice(0, slash));
  const subnet = normalizeSubnet(text);
  if (address === undefined || subnet === undefined) return undefined;
  return { interface: nic, address, family: address.includes(":") ? 6 : 4, subnet, ...(mtu !== undefined && { mtu }) };
}

/** The usual short form of an IPv4 or IPv6 address; undefined where the text is none. */
export function normalizeAddress(text: string): string | undefined {
  const ok = text.includes(":") ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text);
  return ok ? ipaddr.parse(text).toString() : undefined;
}

/** A network in CIDR form with its host bits zeroed: `192.168.139.29/24` gives `192.168.139.0/24`. */
export function normalizeSubnet(text: string): string | undefined {
  if (!ipaddr.isValidCIDR(text)) return undefined;
  const [address, prefix] = ipaddr.parseCIDR(text);
  const network =
    address.kind() === "ipv4" ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
  return `${network.toString()}/${prefix}`;
}

/** An address as the network of it alone, or a network, in CIDR form; undefined where the text is neither. */
export function networkOf(text: string): string | undefined {
  const address = normalizeAddress(text);
  return address === undefined ? normalizeSubnet(text) : `${address}/${address.includes(":") ? 128 : 32}`;
}

/** The first address of a network that a host can have: `192.168.139.1` of `192.168.139.0/24`. */
export function firstHostAddress(subnet: string): string {
  const bytes = ipaddr.parseCIDR(normalizeSubnet(subnet) ?? subnet)[0].toByteArray();
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) + 1;
  return ipaddr.fromByteArray(bytes).toString();
}

const NO_HOSTS: Readonly<Record<string, string>> = {
  unspecified: "no address, but stands for every one of a machine",
  loopback: "a loopback address",
  multicast: "a multicast address",
  broadcast: "the broadcast address",
};

/**
 * What an address is where no host can have it: `the network address of 10.0.0.0/24`; undefined where one can.
 *
 * @param subnet that it is in. @default - not known
 */
export function describeUnusable(address: string, subnet?: string): string | undefined {
  const parsed = ipaddr.parse(address);
  const kind = NO_HOSTS[parsed.range()];
  if (kind !== undefined) return kind;
  if (parsed.kind() === "ipv6" && parsed.range() === "linkLocal") return "a link-local address";
  if (subnet === undefined) return undefined;
  const [network, prefix] = ipaddr.parseCIDR(subnet);
  const isIpv4 = network.kind() === "ipv4";
  // A link of two has neither.
  if (prefix >= (isIpv4 ? 31 : 127)) return undefined;
  if (address === network.toString()) return `the network address of ${subnet}`;
  const broadcast = isIpv4 ? ipaddr.IPv4.broadcastAddressFromCIDR(subnet).toString() : undefined;
  return address === broadcast ? `the broadcast address of ${subnet}` : undefined;
}

/** Whether an address lies in a network; false across address families. */
export function subnetContains(subnet: string, address: string): boolean {
  const host = ipaddr.parse(address);
  const [network, prefix] = ipaddr.parseCIDR(subnet);
  return host.kind() === network.kind() && host.match([network, prefix] as [typeof host, number]);
}
