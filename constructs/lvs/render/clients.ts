import { IptablesRules } from "../../packets";
import { Endpoint, hostNetwork, methodsOf, Protocol, ServiceSpec, sortedServices } from "../spec";
import { portMatch } from "./iptables";

const CHAIN = "VIPSTACK-CLIENTS";

/**
 * Who may open connections to the services that limit it. The rules are in the mangle table, which packets meet before IPVS or the nat table
 * takes them, so one place is right for both planes.
 *
 * @see https://manpages.debian.org/iptables-extensions.8
 */
export function addClientLimits(rules: IptablesRules, services: readonly ServiceSpec[], family: 4 | 6): void {
  const limited = sortedServices(services).filter((each) => each.family === family && each.clients !== undefined);
  if (limited.length === 0) return;
  // The director itself, which connects to its virtual addresses through lo.
  rules.jump("mangle", "PREROUTING", CHAIN).add("mangle", CHAIN, "-i lo -j RETURN");
  for (const service of limited)
    for (const endpoint of service.endpoints) {
      const match = opening(endpoint, service);
      const allowed = (service.clients ?? []).map((network) => `-s ${network} ${match} -j RETURN`);
      rules.add("mangle", CHAIN, ...allowed, `${match} -j DROP`);
    }
}

/** The first packet of a connection, as far as that can be told. */
function opening({ protocol, address, port }: Endpoint, service: ServiceSpec): string {
  const match = `-d ${hostNetwork(address)} ${portMatch(protocol, "--dport", port)}`;
  if (protocol === Protocol.TCP) return `${match}${port === 0 ? " -m tcp" : ""} --syn`;
  // With SNAT an answer of a real server may go to the same port of the same address: then only connection tracking can tell.
  return methodsOf(service).some(({ snat }) => snat) ? `${match} -m conntrack --ctstate NEW` : match;
}
