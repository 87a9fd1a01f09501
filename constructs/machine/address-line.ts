import { normalizeAddress, normalizeSubnet, parseInterfaceAddress } from "./subnet";

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

/** The identity of a line: two of one place can't be true together. */
export function addressPlace(line: string): string {
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
