import { Failure } from "../private/failure";
import { describeUnusable, InterfaceAddress } from "./subnet";
import { isInterfaceName } from "./text-rules";

/** Addresses that nothing but a router may have. */
export interface OwnedAddresses {
  /** The path of the construct that has them. */
  readonly owner: string;
  readonly addresses: readonly string[];
}

/** Interfaces whose names the kernel does not take. */
export function interfaceNameFailures(names: readonly string[]): Failure[] {
  return names
    .filter((name) => !isInterfaceName(name))
    .map((name) => ({
      property: "interfaces",
      rule: "must have names of network interfaces, at most 15 characters",
      got: name,
      cure: "write it like 'eth0'",
    }));
}

/** Addresses that no machine can have, that the backend has itself, or that the machine has twice. */
export function addressFailures(addresses: readonly InterfaceAddress[], owned?: OwnedAddresses): Failure[] {
  const twice = addresses.filter(
    ({ address }, index) => addresses.findIndex((other) => other.address === address) < index,
  );
  return [
    ...addresses.flatMap((each) => unusableFailures(each, owned)),
    ...twice.map(({ address }) => ({
      property: "interfaces",
      rule: "can't hold an address twice",
      got: address,
      cure: "leave one of the two out",
    })),
  ];
}

function unusableFailures({ interface: nic, address, subnet }: InterfaceAddress, owned?: OwnedAddresses): Failure[] {
  const what =
    describeUnusable(address, subnet) ??
    (owned?.addresses.includes(address) ? `an address of ${owned.owner} itself, its router's` : undefined);
  if (what === undefined) return [];
  const cure = `choose another address of ${subnet}`;
  return [{ property: "interfaces", rule: `can't give ${nic} ${what}`, got: address, cure }];
}

/** @param mtu interface name to bytes @param interfaces names of the machine's interfaces */
export function mtuFailures(
  mtu: Readonly<Record<string, number>>,
  interfaces: readonly string[],
  addresses: readonly InterfaceAddress[],
): Failure[] {
  return Object.entries(mtu).flatMap(([nic, bytes]): Failure[] => {
    const property = `mtu.${nic}`;
    const failures: Failure[] = [];
    if (!interfaces.includes(nic))
      failures.push({
        property: "mtu",
        rule: `can't be that of ${nic}, which is none of the interfaces`,
        got: bytes,
        cure: `use one of ${interfaces.join(", ")}, or add ${nic} to 'interfaces'`,
      });
    if (!(Number.isInteger(bytes) && bytes >= 576 && bytes <= 65535))
      failures.push({
        property,
        rule: "must be a whole number from 576 to 65535",
        got: bytes,
        cure: "1500 is usual; IPv4 hosts take packets of 576 bytes at least",
      });
    if (bytes >= 576 && bytes < 1280 && addresses.some((each) => each.interface === nic && each.family === 6))
      failures.push({
        property,
        rule: "must be at least 1280 with an IPv6 address, or the kernel takes IPv6 away from the interface",
        got: bytes,
        cure: `choose 1280 or more, or leave the IPv6 address of ${nic} out`,
      });
    return failures;
  });
}
