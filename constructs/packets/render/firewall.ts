import { PortClaim } from "../../machine";
import { groupsOfSlots, IptablesRules } from "./iptables";

/** A port that is not open to everyone. */
export interface LimitedPort extends PortClaim {
  /** Networks in CIDR form, of both families. */
  readonly from: readonly string[];
}

const CHAIN = "VIPSTACK-FIREWALL";

/**
 * The rules of one address family. The chain only drops, it never accepts: what others close stays closed, and a port that is not among these
 * stays as it was. It knows no connections: a TCP rule is about the first packet only, so that open connections survive every change.
 *
 * @see https://manpages.debian.org/iptables-extensions.8
 */
export function firewallRules(ports: readonly LimitedPort[], family: 4 | 6): IptablesRules {
  const rules = new IptablesRules();
  const groups = groupsOf(
    ports.filter((port) => concerns(port, family)),
    family,
  );
  if (groups.length === 0) return rules;
  // The machine itself, also at one of its own addresses: the checks of its agent.
  rules.jump("filter", "INPUT", CHAIN).add("filter", CHAIN, "-i lo -j RETURN");
  for (const { first, peers, ports: numbers } of groups)
    for (const match of matchesOf(first, numbers))
      rules.add("filter", CHAIN, ...peers.map((peer) => `-s ${peer} ${match} -j RETURN`), `${match} -j DROP`);
  return rules;
}

/** Ports with the same protocol, own address and peers, which share their rules. */
interface Group {
  readonly first: LimitedPort;
  readonly peers: readonly string[];
  readonly ports: readonly number[];
}

function groupsOf(ports: readonly LimitedPort[], family: 4 | 6): Group[] {
  const groups = new Map<string, Group>();
  for (const port of ports) {
    const peers = [...new Set(port.from.filter((peer) => familyOf(peer) === family))].sort();
    const key = [port.protocol, port.address ?? "", ...peers].join(" ");
    const known = groups.get(key)?.ports ?? [];
    const numbers = [...new Set([...known, port.port])].sort((a, b) => a - b);
    groups.set(key, { first: port, peers, ports: numbers });
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** Others can't reach a loopback address. */
function concerns({ address }: LimitedPort, family: 4 | 6): boolean {
  if (address === undefined) return true;
  return familyOf(address) === family && address !== "::1" && !address.startsWith("127.");
}

function matchesOf({ protocol, address }: LimitedPort, ports: readonly number[]): string[] {
  const own = address === undefined ? "" : `-d ${address} `;
  const begins = protocol === "tcp" ? " -m tcp --syn" : "";
  return groupsOfSlots(ports.map(String)).map(
    (part) => `${own}-p ${protocol}${begins} -m multiport --dports ${part.join(",")}`,
  );
}

function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}
