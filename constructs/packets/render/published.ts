import { networksOf } from "../sources";
import { groupsOfSlots, IptablesRules } from "./iptables";

/** Ports that may lead on into containers, so that their packets do not meet INPUT. */
export interface PublishedPorts {
  /** Single ports and ranges: `8080`, `20000:32000`. */
  readonly ports: readonly string[];
  /** Addresses and networks that may open connections to them. */
  readonly from: readonly string[];
}

const CHAIN = "VIPSTACK-PUBLISHED";

/** Bridges of the containers of a machine: Docker's own, and that of Nomad's bridge mode. */
const BRIDGES = ["docker0", "nomad"];

/**
 * The rules of one address family. They are in the mangle table, which packets meet before the nat table leads them to a container: one place for
 * Docker's port mappings, for those of CNI, and for programs that listen on the machine itself. Docker's own rules are not touched.
 *
 * The chain only drops. A TCP rule is about the first packet, so that open connections survive every change.
 *
 * @see https://docs.docker.com/engine/network/packet-filtering-firewalls/
 */
export function addPublishedLimits(rules: IptablesRules, { ports, from }: PublishedPorts, family: 4 | 6): void {
  if (ports.length === 0) return;
  rules.jump("mangle", "PREROUTING", CHAIN);
  rules.add("mangle", CHAIN, "-i lo -j RETURN", "-m addrtype ! --dst-type LOCAL -j RETURN");
  // From one machine to another, a container's packets have its machine's address, which is allowed.
  rules.add("mangle", CHAIN, ...BRIDGES.map((bridge) => `-i ${bridge} -j RETURN`));
  const peers = networksOf(from, family);
  for (const slots of groupsOfSlots(ports)) {
    const to = `-m multiport --dports ${slots.join(",")}`;
    // Answers to the machine's and the containers' own questions may come to any UDP port; Docker has them tracked anyway.
    for (const match of [`-p tcp -m tcp --syn ${to}`, `-p udp ${to} -m conntrack --ctstate NEW`])
      rules.add("mangle", CHAIN, ...peers.map((peer) => `-s ${peer} ${match} -j RETURN`), `${match} -j DROP`);
  }
}
