import { IConstruct } from "constructs";
import { Validation } from "../private/validation";
import { IBackend } from "./backend";
import { addressFailures, interfaceNameFailures, mtuFailures } from "./interface-rules";
import { InterfaceAddress, parseInterfaceAddress } from "./subnet";
import { holdsTerraformValue } from "./terraform-value";
import { HOST_NAME_RULE, isHostName } from "./text-rules";

/** The props of a machine that decide its name and its addresses. */
export interface AddressedProps {
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  readonly mtu?: Readonly<Record<string, number>>;
  readonly memoryMiB?: number;
  /** @default - the program does not make the machine */
  readonly backend?: IBackend;
}

/** The addresses of a machine, after its name and all of its interfaces were checked. @throws ValidationError */
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
  validation.finish();
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
  validation.finish();
  return addresses;
}

/** The first IPv4 address. */
export function ownAddress(addresses: readonly InterfaceAddress[]): string {
  return addresses.find(({ family }) => family === 4)?.address ?? "";
}
