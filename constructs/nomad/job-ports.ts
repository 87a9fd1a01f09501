import { IConstruct } from "constructs";
import { IMachine, PortClaim } from "../machine";
import { Firewall, followersOf } from "../packets";
import type { DynamicPorts, INomadCluster } from "./cluster";
import { portsOfJobs } from "./job-access";

/** Has the firewall of a client limit who reaches the ports of jobs. @param clients addresses and networks, beside directors and the cluster */
export function limitJobs(
  client: IConstruct,
  machine: IMachine,
  nomad: INomadCluster,
  clients: readonly string[],
): void {
  Firewall.of(machine, client)._limitPublished((claims) => {
    const { fixed, services } = portsOfJobs(nomad);
    const { root } = nomad.node;
    const inFront = services.flatMap((service) => followersOf(root, service)).flatMap((sources) => sources ?? []);
    return {
      ports: jobPorts(nomad.dynamicPorts, fixed, claims),
      from: [...clients, ...inFront, ...nomad.consul._members],
    };
  });
}

/** Ports and ranges of jobs. What a role of the machine claims is that role's own, by whose claim it is open or not. */
export function jobPorts(
  { min, max }: DynamicPorts,
  fixed: readonly number[],
  claims: readonly Pick<PortClaim, "port">[],
): string[] {
  const claimed = [...new Set(claims.map(({ port }) => port))].sort((a, b) => a - b);
  const others = [...new Set(fixed)].filter((port) => (port < min || port > max) && !claimed.includes(port));
  const borders = [min - 1, ...claimed.filter((port) => port >= min && port <= max), max + 1];
  const ranges = borders.flatMap((border, index) => {
    const [first, last] = [border + 1, (borders[index + 1] ?? border) - 1];
    if (first > last) return [];
    return first === last ? [String(first)] : [`${first}:${last}`];
  });
  return [...others.sort((a, b) => a - b).map(String), ...ranges];
}
