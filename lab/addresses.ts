import { createHash } from "crypto";
import ipaddr from "ipaddr.js";

/** 4 or 6, of an address with or without a prefix length. */
export function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}

/** The subnet of "192.168.139.29/24": "192.168.139.0/24". */
export function subnetOf(cidr: string): string {
  const [address, bits] = parse(cidr);
  const network =
    address.kind() === "ipv4" ? ipaddr.IPv4.networkAddressFromCIDR(cidr) : ipaddr.IPv6.networkAddressFromCIDR(cidr);
  return `${network.toString()}/${bits}`;
}

/** The part of an address that is not its subnet, as a number. */
export function hostPart(cidr: string): bigint {
  return toNumber(parse(cidr)[0]) - toNumber(parse(subnetOf(cidr))[0]);
}

/** The address that the lab itself has in a subnet: the first one. */
export function routerAddress(subnet: string): string {
  const bytes = parse(subnetOf(subnet))[0].toByteArray();
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) + 1;
  return ipaddr.fromByteArray(bytes).toString();
}

/** The address without its prefix length. */
export function plain(cidr: string): string {
  return cidr.split("/")[0] ?? cidr;
}

/** The same address in one spelling, so that texts can be compared. */
export function normal(cidr: string): string {
  const [address, bits] = parse(cidr);
  return `${address.toString()}/${bits}`;
}

/** "192.168.139.29:80" as socat wants it. */
export function socatTarget(hostAndPort: string): string {
  return hostAndPort.startsWith("[") ? `TCP6:${hostAndPort}` : `TCP4:${hostAndPort}`;
}

/** A locally administered MAC address that is the same each time for the same interface of the same lab. */
export function macAddress(labId: string, machine: string, nic: number): string {
  const digest = createHash("sha256").update(`${labId}/${machine}/${nic}`).digest();
  return ["02", ...[...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** Name of the host end of an interface; interface names end after 15 characters, machine names don't. */
export function tapName(machine: string, nic: number): string {
  return `tap-${createHash("sha256").update(machine).digest("hex").slice(0, 8)}-${nic}`;
}

function parse(cidr: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  try {
    const [address, bits] = ipaddr.parseCIDR(cidr);
    // Two host bits at least: network, router and a machine.
    if (bits > (address.kind() === "ipv4" ? 30 : 126)) throw new Error("too small");
    return [address, bits];
  } catch {
    throw new Error("is not an address with a usable prefix length");
  }
}

function toNumber(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
