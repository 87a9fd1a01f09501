import { join } from "node:path";
import type { Contribution } from "./contribution";
import { nodeProgram, PROGRAM_FOLDER } from "./program";
import { oneshotUnit } from "./render/unit";
import { normalizeAddress, normalizeSubnet, parseInterfaceAddress } from "./subnet";

/** Where virtual addresses and routes are listed, one a line. */
export const ADDRESS_FILE = "/etc/vipstack/addresses";

/** The unit that gives a machine its virtual addresses and routes; rules come after it. */
export const ADDRESSES_UNIT = "vipstack-addresses.service";

/** The program and the unit behind the address file; the lines themselves come from the roles. */
export function addressKeeper(): Contribution {
  return {
    files: [nodeProgram("addresses", join(__dirname, "programs", "addresses.py"))],
    units: [
      {
        name: ADDRESSES_UNIT,
        content: oneshotUnit({
          description: `Virtual addresses and routes of ${ADDRESS_FILE}`,
          apply: `${PROGRAM_FOLDER}/addresses apply`,
          stop: `${PROGRAM_FOLDER}/addresses apply --file /dev/null`,
        }),
      },
    ],
  };
}

const ADDRESS = /^([0-9A-Fa-f.:]+\/\d+)[ \t]+dev[ \t]+([^\s/]{1,15})$/;
const ROUTE = /^route[ \t]+(\S+)[ \t]+via[ \t]+([0-9A-Fa-f.:]+)[ \t]+dev[ \t]+([^\s/]{1,15})$/;

/** Whether the program behind the address file takes the line: it refuses the whole file for one that it does not know. */
export function isAddressLine(line: string): boolean {
  const [, address] = ADDRESS.exec(line) ?? [];
  if (address !== undefined) return parseInterfaceAddress("", address) !== undefined;
  const [, target, gateway] = ROUTE.exec(line) ?? [];
  if (target === undefined || gateway === undefined || normalizeAddress(gateway) === undefined) return false;
  if (target === "default") return true;
  const family = (text: string): boolean => text.includes(":");
  const network = target.includes("/")
    ? normalizeSubnet(target) === normalizeWhole(target)
    : normalizeAddress(target) !== undefined;
  return network && family(target) === family(gateway);
}

/** The identity of a line: two lines with one key can't be true together. */
export function addressKey(line: string): string {
  const [, address, device] = ADDRESS.exec(line) ?? [];
  if (address !== undefined) return `${normalizeAddress(address.split("/")[0] ?? "") ?? address} dev ${device ?? ""}`;
  const [, target = line, gateway = ""] = ROUTE.exec(line) ?? [];
  return `route ${gateway.includes(":") ? "-6" : "-4"} ${target}`;
}

/** The network with its address in the short form, host bits as they are. */
function normalizeWhole(cidr: string): string | undefined {
  const [address = "", length = ""] = cidr.split("/");
  const short = normalizeAddress(address);
  return short === undefined ? undefined : `${short}/${Number(length)}`;
}
