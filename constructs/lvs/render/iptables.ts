import { createHash } from "node:crypto";
import { Endpoint, hostNetwork, methodOf, Protocol, RealServerSpec, ServiceSpec, SnatChoice } from "../spec";

/** A table of iptables that rules go into. */
export type Table = "mangle" | "nat" | "filter";

const PREFIX = "VIPSTACK-";
const BUILT_IN = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/**
 * Rules in iptables-restore's format, in chains of our own only: a rule for a built-in chain goes into `VIPSTACK-CHAIN`, which
 * the built-in chain jumps to. Foreign rules are never touched.
 *
 * @see https://manpages.debian.org/iptables-restore.8
 */
export class IptablesRules {
  private readonly tables = new Map<Table, Map<string, string[]>>();

  /**
   * Appends rules.
   *
   * @param chain a built-in chain, or one of our own from {@link chainName}
   * @param rules matches and target: `-p tcp -j ACCEPT`
   */
  add(table: Table, chain: string, ...rules: readonly string[]): this {
    const builtIn = BUILT_IN.includes(chain);
    if (builtIn && rules.length === 0) return this;
    const chains = this.tables.get(table) ?? new Map<string, string[]>();
    this.tables.set(table, chains);
    const name = builtIn ? `${PREFIX}${chain}` : chain;
    chains.set(name, [...(chains.get(name) ?? []), ...rules]);
    return this;
  }

  /** The text; empty where there are no rules. */
  render(): string {
    return (["mangle", "nat", "filter"] as const).flatMap((table) => this.renderTable(table)).join("");
  }

  private renderTable(table: Table): string[] {
    const chains = [...(this.tables.get(table) ?? [])];
    if (chains.length === 0) return [];
    const jumps = BUILT_IN.filter((builtIn) => chains.some(([name]) => name === `${PREFIX}${builtIn}`));
    return [
      `*${table}`,
      ...chains.map(([name]) => `:${name} - [0:0]`),
      ...jumps.map((builtIn) => `-A ${builtIn} -j ${PREFIX}${builtIn}`),
      ...chains.flatMap(([name, rules]) => rules.map((rule) => `-A ${name} ${rule}`)),
      "COMMIT",
    ].map((line) => `${line}\n`);
  }
}

/**
 * The iptables chain of a virtual service: `VIPSTACK-web` for `web`. Chain names have 28 characters at most and few special
 * ones; an id that doesn't fit is shortened and gets a hash. Two ids never share a chain: only hashed names hold a dot.
 */
export function chainName(id: string): string {
  if (/^[A-Za-z0-9_-]{1,19}$/.test(id) && !BUILT_IN.includes(id)) return `${PREFIX}${id}`;
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 10);
  return `${PREFIX}${id.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 8)}.${hash}`;
}

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

/** @param port 0: any */
function portMatch(protocol: Protocol, option: "--dport" | "--sport", port: number): string {
  return port === 0 ? `-p ${protocol}` : `-p ${protocol} -m ${protocol} ${option} ${port}`;
}

function unique(rules: readonly string[]): string[] {
  return [...new Set(rules)];
}
