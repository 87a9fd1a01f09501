import { nthChoices, randomChoices } from "./iptables-balancing-rules";
import { IptablesRules } from "./iptables-rules";
import { Protocol } from "./protocol";
import { Endpoint, hostNetwork, RealServerSpec, ServiceSpec, socketAddress } from "./service-spec";

/**
 * A virtual service of the iptables plane: a chain of its own that chooses the real server (DNAT), SNAT of exactly the
 * connections that were balanced, and leave to pass.
 *
 * Only the first packet of a connection meets the nat table; connection tracking keeps the rest of it with its real server.
 */
export function addBalancedService(rules: IptablesRules, service: ServiceSpec): void {
  for (const endpoint of service.endpoints) {
    const { protocol } = endpoint;
    const toService = `-d ${hostNetwork(endpoint.address)} -p ${protocol} -m ${protocol} --dport ${endpoint.port}`;
    const choices =
      service.scheduler.word === "random" ? randomChoices(service.realServers) : nthChoices(turnsOf(service));
    if (choices === undefined) throw new Error("assumption broken: the weights were checked when they were given");

    for (const chain of ["PREROUTING", "OUTPUT"]) rules.add("nat", chain, `${toService} -j ${service.chain}`);
    rules.add("nat", service.chain, ...choices.map(({ match, share }) => destinationRule(protocol, match, share)));
    rules.add("nat", "POSTROUTING", ...service.realServers.flatMap((server) => sourceRule(endpoint, server)));
    rules.add("filter", "FORWARD", `-p ${protocol} ${balanced(endpoint)} -j ACCEPT`);
    if (choices.length === 0) rules.add("filter", "INPUT", `${toService} -j REJECT ${rejection(service, protocol)}`);
  }
}

/** Plain round robin ignores weights, but for 0. */
function turnsOf({ scheduler, realServers }: ServiceSpec): RealServerSpec[] {
  if (scheduler.word === "wrr") return [...realServers];
  return realServers.map((server) => ({ ...server, weight: Math.min(server.weight, 1) }));
}

function destinationRule(protocol: Protocol, match: string, { address, port }: RealServerSpec): string {
  return [`-p ${protocol}`, match, `-j DNAT --to-destination ${socketAddress(address, port)}`]
    .filter(Boolean)
    .join(" ");
}

function sourceRule(endpoint: Endpoint, { address, port, snatTo }: RealServerSpec): string[] {
  if (snatTo === undefined) return [];
  const { protocol } = endpoint;
  const toServer = `-d ${hostNetwork(address)} -p ${protocol} -m ${protocol} --dport ${port}`;
  return [`${toServer} ${balanced(endpoint)} -j SNAT --to-source ${snatTo}`];
}

/** Both directions of the connections that came in at the endpoint, and nothing else that goes to a real server. */
function balanced({ address, port }: Endpoint): string {
  return `-m conntrack --ctstate DNAT --ctorigdst ${address} --ctorigdstport ${port}`;
}

/** No server takes new connections: refuse them at once, as IPVS does, even where something else listens on that port. */
function rejection({ family }: ServiceSpec, protocol: Protocol): string {
  if (protocol === Protocol.TCP) return "--reject-with tcp-reset";
  return `--reject-with ${family === 4 ? "icmp-port-unreachable" : "icmp6-port-unreachable"}`;
}
