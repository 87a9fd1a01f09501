import { IptablesRules } from "../../packets";
import { Endpoint, hostNetwork, methodOf, Protocol, RealServerSpec, ServiceSpec, SnatChoice } from "../spec";

const PROTOCOL_NUMBER = { [Protocol.TCP]: 6, [Protocol.UDP]: 17, [Protocol.SCTP]: 132 };

/**
 * What a virtual service of IPVS needs of iptables: its mark, leave to come in (IPVS takes a connection after INPUT let it
 * pass) and to go back (the answer passes FORWARD before IPVS rewrites it), and SNAT.
 */
export function addIpvsSupport(rules: IptablesRules, service: ServiceSpec): void {
  const { mark, forwarding, endpoints, follows } = service;
  const realServers = service.realServers.filter((server) => methodOf(service, server).name === "masquerading");
  for (const endpoint of endpoints) {
    const { protocol, address, port } = endpoint;
    const toService = `-d ${hostNetwork(address)} ${portMatch(protocol, "--dport", port)}`;
    if (mark !== undefined) {
      const setMark = `${toService} -j MARK --set-xmark 0x${mark.toString(16)}/0xffffffff`;
      rules.add("mangle", "PREROUTING", setMark).add("mangle", "OUTPUT", setMark);
    }
    rules.add("filter", "INPUT", `${toService} -j ACCEPT`);
    if (follows !== undefined) {
      if (forwarding.name !== "masquerading") continue;
      rules.add("filter", "FORWARD", followedAnswerRule(endpoint));
      rules.add("nat", "POSTROUTING", ...follows.snatTo.map((choice) => followedSourceRule(endpoint, choice)));
      continue;
    }
    rules.add("filter", "FORWARD", ...unique(realServers.map((server) => answerRule(endpoint, server))));
    rules.add("nat", "POSTROUTING", ...unique(realServers.flatMap((server) => snatRule(endpoint, server))));
  }
}

function answerRule({ protocol, port: asked }: Endpoint, { address, port }: RealServerSpec): string {
  return `-s ${hostNetwork(address)} ${portMatch(protocol, "--sport", port || asked)} -j ACCEPT`;
}

function snatRule({ protocol, address: vip, port: asked }: Endpoint, server: RealServerSpec): string[] {
  if (server.snatTo === undefined) return [];
  const toServer = `-d ${hostNetwork(server.address)} ${portMatch(protocol, "--dport", server.port || asked)}`;
  return [`${toServer} ${cameThrough({ protocol, address: vip, port: asked })} -j SNAT --to-source ${server.snatTo}`];
}

/**
 * The answers of real servers that are not known at synth: all that belongs to a connection that came in at the endpoint. Only
 * connection tracking can tell. `-m ipvs` knows a packet once IPVS has handled it, and an answer meets FORWARD before that.
 */
function followedAnswerRule({ protocol, address, port }: Endpoint): string {
  return `-p ${protocol} -m conntrack --ctorigdst ${address} --ctorigdstport ${port} --ctdir REPLY -j ACCEPT`;
}

/** A request meets POSTROUTING after IPVS has handled it, so `-m ipvs` does know it there, wherever it goes. */
function followedSourceRule(endpoint: Endpoint, { subnet, address }: SnatChoice): string {
  const to = subnet === undefined ? "" : `-d ${subnet} `;
  return `${to}-p ${endpoint.protocol} ${cameThrough(endpoint)} -j SNAT --to-source ${address}`;
}

function cameThrough({ protocol, address, port }: Endpoint): string {
  const vport = port === 0 ? "" : ` --vport ${port}`;
  return `-m ipvs --vproto ${PROTOCOL_NUMBER[protocol]} --vaddr ${address}${vport}`;
}

/** Packets of a protocol, to or from a port. @param port 0: any */
export function portMatch(protocol: Protocol, option: "--dport" | "--sport", port: number): string {
  return port === 0 ? `-p ${protocol}` : `-p ${protocol} -m ${protocol} ${option} ${port}`;
}

function unique(rules: readonly string[]): string[] {
  return [...new Set(rules)];
}
