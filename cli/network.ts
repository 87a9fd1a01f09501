import { BlockList } from "node:net";

/** Whether a network has an address. @param network in CIDR form */
export function contains(network: string, address: string): boolean {
  const [first = "", prefix = ""] = network.split("/");
  const list = new BlockList();
  list.addSubnet(first, Number(prefix), familyOf(first));
  return list.check(address, familyOf(address));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}
