import { contains } from "../network";

/** The first packet of a connection that comes to a machine from elsewhere. */
export interface Arrival {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: string;
}

/** A rule of a chain that drops, as `iptables-save --counters` prints it. */
export interface Drop {
  /** Without its counters. */
  readonly rule: string;
  /** Packets that it has dropped since its chain was last written. */
  readonly packets: number;
}

/**
 * The rule of the library's own chains that drops a packet: each chain only returns and drops, and its first rule that matches counts.
 *
 * @param lines of `iptables-save --counters`, of any tables; chains of one name are in one table only
 */
export function dropOf(lines: readonly string[], arrival: Arrival): Drop | undefined {
  const decided = new Set<string>();
  for (const line of lines) {
    const [, packets, rule, chain = ""] = /^\[(\d+):\d+\] (-A (VIPSTACK-\S+) .*)$/.exec(line) ?? [];
    if (rule === undefined || decided.has(chain) || !matches(rule, arrival)) continue;
    if (rule.endsWith(" -j DROP")) return { rule, packets: Number(packets) };
    decided.add(chain);
  }
  return undefined;
}

/** Whether a rule of the library's form matches a packet that is new, comes over a network and is for the machine itself. */
function matches(rule: string, { from, to, port, protocol }: Arrival): boolean {
  // Of loopback and of containers, and of packets that only pass through.
  if (/ -i \S+ | ! --dst-type LOCAL /.test(rule)) return false;
  const source = / -s (\S+)/.exec(rule)?.[1];
  const own = / -d (\S+)/.exec(rule)?.[1];
  const only = / -p (\S+)/.exec(rule)?.[1];
  const ports = / --dports? (\S+)/.exec(rule)?.[1];
  return (
    (source === undefined || contains(source, from)) &&
    (own === undefined || contains(own, to)) &&
    (only === undefined || only === protocol) &&
    (ports === undefined || holdsPort(ports, port))
  );
}

/** @param ports as iptables lists them: `80,8000:8100` */
export function holdsPort(ports: string, port: number): boolean {
  return ports.split(",").some((range) => {
    const [from = "", to = from] = range.split(":");
    return Number(from) <= port && port <= Number(to);
  });
}
