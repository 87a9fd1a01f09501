import { IConstruct } from "constructs";
import { Failure } from "../private/failure";
import { Validation } from "../private/validation";
import type { IBackend } from "./backend";
import { describeUnusable, InterfaceAddress, parseInterfaceAddress } from "./subnet";
import { holdsTerraformValue } from "./terraform-value";
import { HOST_NAME_RULE, isHostName, isInterfaceName } from "./text";

/** The props of a machine that decide its name and its addresses. */
interface AddressedProps {
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  readonly mtu?: Readonly<Record<string, number>>;
  readonly memoryMiB?: number;
  /** @default - the program does not make the machine */
  readonly backend?: IBackend;
}

/** The addresses of a machine, after its name and all of its interfaces were checked. If it is refused, they hold a stand-in for its own. */
export function checkedAddresses(scope: IConstruct, name: string, props: AddressedProps): InterfaceAddress[] {
  const { interfaces, memoryMiB, mtu = {}, backend } = props;
  const validation = new Validation(scope);
  for (const [property, value] of Object.entries({ name, interfaces, mtu, memoryMiB })) {
    validation.require(!holdsTerraformValue(value), {
      property,
      rule: "can't hold a value that only Terraform knows: the machine's files are written before",
      cure: "write it into the program, or read it from the environment",
    });
  }
  if (!validation.passes()) return [standIn(scope)];
  validation.require(isHostName(name), { property: "name", ...HOST_NAME_RULE, got: name });
  validation.integer("memoryMiB", memoryMiB, 256, 65536, "320 is enough for a director, 1500 for a Nomad client");
  validation.add(...interfaceNameFailures(Object.keys(interfaces)));
  const addresses = Object.entries(interfaces).flatMap(([nic, texts]) =>
    texts.flatMap((text) => {
      const address = parseInterfaceAddress(nic, text, mtu[nic]);
      validation.require(address !== undefined, {
        property: "interfaces",
        rule: "must hold addresses with a prefix length",
        got: text,
        cure: "write it like '192.168.139.29/24' or 'fd00:139::29/64'",
      });
      return address ?? [];
    }),
  );
  validation.require(
    addresses.some(({ family }) => family === 4),
    {
      property: "interfaces",
      rule: "must hold an IPv4 address",
      got: interfaces,
      cure: 'give the first interface one, for example { eth0: ["192.168.139.29/24"] }',
    },
  );
  const owned = backend && { owner: backend.node.path, addresses: backend.ownAddresses ?? [] };
  validation.add(...addressFailures(addresses, owned), ...mtuFailures(mtu, Object.keys(interfaces), addresses));
  if (validation.passes() || addresses.some(({ family }) => family === 4)) return addresses;
  return [standIn(scope), ...addresses];
}

/** An address for a machine that has none, in no network of anyone (RFC 5737). */
function standIn(scope: IConstruct): InterfaceAddress {
  const number = scope.node.root.node.findAll().indexOf(scope) % 254;
  return { interface: "eth0", address: `192.0.2.${number + 1}`, family: 4, subnet: "192.0.2.0/24" };
}

/** The first IPv4 address. */
export function ownAddress(addresses: readonly InterfaceAddress[]): string {
  return addresses.find(({ family }) => family === 4)?.address ?? "";
}

/** Addresses that nothing but a router may have. */
interface OwnedAddresses {
  /** The path of the construct that has them. */
  readonly owner: string;
  readonly addresses: readonly string[];
}

/** Interfaces whose names the kernel does not take. */
function interfaceNameFailures(names: readonly string[]): Failure[] {
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
function addressFailures(addresses: readonly InterfaceAddress[], owned?: OwnedAddresses): Failure[] {
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
function mtuFailures(
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

/** What a role gives late, without the secrets if one of them is plain text. */
