import { IptablesRules } from "../../packets";
import { Endpoint, hostNetwork, Protocol, RealServerSpec, ServiceSpec, socketAddress } from "../spec";

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

/** Something that gets a share of the new connections. */
export interface Share {
  readonly weight: number;
}

/** Rules of one virtual service at most; each is a comparison that a new connection may have to pass. */
export const MAX_NTH_RULES = 64;

/** A choice among what earlier rules left over: a match of iptables' `statistic`, and who gets what matches. */
export interface Choice<T> {
  /** Empty for the last one of `random`: it takes all that is left. */
  readonly match: string;
  readonly share: T;
}

/**
 * Turns, exactly: every rule only sees what the rules before it left, so they count n, n−1, … 1.
 *
 * @returns undefined where the weights would need more than {@link MAX_NTH_RULES} rules
 * @see https://manpages.debian.org/iptables-extensions.8
 */
export function nthChoices<T extends Share>(shares: readonly T[]): Choice<T>[] | undefined {
  const turns = interleavedTurns(shares);
  return turns?.map((share, index) => ({
    match: `-m statistic --mode nth --every ${turns.length - index} --packet 0`,
    share,
  }));
}

/** Chance by weight: each rule's probability is its weight over the sum of its own and all later ones. */
export function randomChoices<T extends Share>(shares: readonly T[]): Choice<T>[] {
  const usable = shares.filter(({ weight }) => weight > 0);
  return usable.map((share, index) => {
    const left = usable.slice(index).reduce((sum, { weight }) => sum + weight, 0);
    const last = index === usable.length - 1;
    return { match: last ? "" : `-m statistic --mode random --probability ${probability(share.weight / left)}`, share };
  });
}

/** How many rules {@link nthChoices} needs for these weights. */
export function turnCount(weights: readonly number[]): number {
  const usable = weights.filter((weight) => weight > 0);
  const divisor = usable.reduce(greatestCommonDivisor, 0);
  return usable.reduce((sum, weight) => sum + weight / divisor, 0);
}

/** The order of turns in which no server waits longer than needed: 2 and 1 give a b a, not a a b. */
function interleavedTurns<T extends Share>(shares: readonly T[]): T[] | undefined {
  const usable = shares.filter(({ weight }) => weight > 0);
  const count = turnCount(usable.map(({ weight }) => weight));
  if (count > MAX_NTH_RULES) return undefined;
  const total = usable.reduce((sum, { weight }) => sum + weight, 0);
  const credits = usable.map((share) => ({ share, credit: 0 }));
  return Array.from({ length: count }, () => {
    for (const entry of credits) entry.credit += entry.share.weight;
    const next = credits.reduce((best, entry) => (entry.credit > best.credit ? entry : best));
    next.credit -= total;
    return next.share;
  });
}

/** As iptables prints it: the kernel knows steps of 2^-31. */
function probability(value: number): string {
  const steps = 2 ** 31;
  return (Math.round(value * steps) / steps).toFixed(11);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
