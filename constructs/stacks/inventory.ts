import * as ipaddr from "ipaddr.js";
import { BackendFactory } from "../machine";
import { Failure } from "../private/failure";
import { ValidationError } from "../private/validation";

/** A machine of an inventory. */
export interface MachineEntry<Name extends string = string> {
  /** Host name; `ssh NAME` reaches it. */
  readonly name: Name;
  /** Addresses without prefix length. Each IPv4 address is an interface (eth0, eth1, …); an IPv6 address joins the one before it. */
  readonly address: string | readonly string[];
  /** Largest packet of its networks in bytes, 576 to 65535: one number for all interfaces, or one for each (eth0, eth1, …). @default 1500 */
  readonly mtu?: number | readonly number[];
  /** Memory in MiB, 256 to 65536. Only the lab uses it. @default 320 */
  readonly memoryMiB?: number;
}

/** The machines of a deployment. */
export interface Inventory<Name extends string = string> {
  /** Name of the deployment and of its state folder. */
  readonly name: string;
  /** Factory of the backend that makes the machines: `SshBackend.factory()`, or a function of your own. @default LabBackend.factory() */
  readonly backend?: BackendFactory;
  /** Networks in CIDR form. In the lab each is a separate network, with a router between them. */
  readonly subnets: readonly string[];
  /** The machines. */
  readonly machines: readonly MachineEntry<Name>[];
  /**
   * Ports of 127.0.0.1, each with the `ADDRESS:PORT` to which it leads, for backends with a network of their own.
   *
   * @default - in the lab those that stacks of Consul objects and of jobs need for their agent; its port has the agent's number
   */
  readonly forwards?: readonly { readonly listen: number; readonly to: string }[];
}

/**
 * Checks an inventory and keeps its machines' names as types, so that `machines.all.d2` is known to the compiler.
 *
 * @throws ValidationError with all mistakes of the inventory
 */
export function defineInventory<const Name extends string>(inventory: Inventory<Name>): Inventory<Name> {
  const { name, machines, subnets } = inventory;
  const failures = [
    ...subnets.filter((subnet) => !ipaddr.isValidCIDR(subnet)).map(notASubnet),
    ...repeated(machines.map((machine) => machine.name)).map(nameTwice),
    ...repeated(machines.flatMap(addressesOf)).map((address) => addressTwice(machines, address)),
    ...machines.flatMap((machine) => addressFailures(machine, subnets)),
    ...machines.flatMap(mtuFailures),
  ];
  if (failures.length > 0) throw new ValidationError(`inventory '${name}'`, failures);
  return inventory;
}

/** `{ eth0: ["192.168.139.29/24"] }`: the machine's addresses by interface, with the prefix length of their subnet. */
export function interfacesOf(machine: MachineEntry, subnets: readonly string[]): Record<string, string[]> {
  const interfaces: string[][] = [];
  for (const address of addressesOf(machine)) {
    const withPrefix = `${address}/${subnetOf(address, subnets)?.split("/")[1] ?? ""}`;
    const last = interfaces.at(-1);
    if (last !== undefined && address.includes(":")) last.push(withPrefix);
    else interfaces.push([withPrefix]);
  }
  return Object.fromEntries(interfaces.map((addresses, index) => [`eth${index}`, addresses]));
}

/** `{ eth0: 1450 }`: what the machine says of its interfaces' MTU; undefined where it says nothing. */
export function mtuOf(machine: MachineEntry): Record<string, number> | undefined {
  const { mtu } = machine;
  if (mtu === undefined) return undefined;
  const nics = interfaceCount(machine);
  const each = typeof mtu === "number" ? Array.from({ length: nics }, () => mtu) : mtu;
  return Object.fromEntries(each.map((bytes, index) => [`eth${index}`, bytes]));
}

/** Each IPv4 address is one; so is an IPv6 address that stands first. */
function interfaceCount(machine: MachineEntry): number {
  return addressesOf(machine).filter((address, index) => index === 0 || !address.includes(":")).length;
}

function addressesOf({ address }: MachineEntry): string[] {
  return typeof address === "string" ? [address] : [...address];
}

function notASubnet(subnet: string): Failure {
  const cure = "write it like '192.168.139.0/24'";
  return { property: "subnets", rule: "must be networks in CIDR form", got: subnet, cure };
}

function nameTwice(name: string): Failure {
  return { property: "machines", rule: "can't list a name twice", got: name, cure: "rename one of them" };
}

function addressTwice(machines: readonly MachineEntry[], address: string): Failure {
  const owners = machines.filter((machine) => addressesOf(machine).includes(address)).map(({ name }) => `'${name}'`);
  const [rule, cure] =
    owners.length === 1
      ? [`can't list an address of ${owners.join("")} twice`, "leave one of them out"]
      : [`can't give one address to ${owners.join(" and ")}`, "give each machine its own"];
  return { property: "machines", rule, got: address, cure };
}

function addressFailures(machine: MachineEntry, subnets: readonly string[]): Failure[] {
  const known = subnets.filter((subnet) => ipaddr.isValidCIDR(subnet));
  const property = `machines.${machine.name}.address`;
  return addressesOf(machine).flatMap((address): Failure[] => {
    if (!isAddress(address)) {
      const cure = "write it like '192.168.139.29', without a prefix length";
      return [{ property, rule: "must be an IP address", got: address, cure }];
    }
    if (subnetOf(address, known) !== undefined) return [];
    const rule = `must be in one of the subnets (${subnets.join(", ")})`;
    return [{ property, rule, got: address, cure: "add its subnet, or change the address" }];
  });
}

/** The numbers themselves are checked by the machine. */
function mtuFailures(machine: MachineEntry): Failure[] {
  const { name, mtu } = machine;
  const count = interfaceCount(machine);
  if (mtu === undefined || typeof mtu === "number" || mtu.length === count) return [];
  const rule = `must be one number, or one for each interface (${count})`;
  const cure = "each IPv4 address is an interface, an IPv6 address joins the one before it";
  return [{ property: `machines.${name}.mtu`, rule, got: mtu, cure: `count them: ${cure}` }];
}

function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

function subnetOf(address: string, subnets: readonly string[]): string | undefined {
  const host = ipaddr.parse(address);
  return subnets.find((subnet) => {
    const [network, prefix] = ipaddr.parseCIDR(subnet);
    return network.kind() === host.kind() && host.match([network, prefix] as [typeof host, number]);
  });
}

function repeated(items: readonly string[]): string[] {
  return [...new Set(items.filter((item, index) => items.indexOf(item) !== index))];
}
