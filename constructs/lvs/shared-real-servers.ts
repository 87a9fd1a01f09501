import { IConstruct } from "constructs";
import { AgentService } from "../consul";
import { IMachine } from "../machine";
import { WholeProgram } from "../private/whole-program";
import { FollowedService } from "./followed";
import { Endpoint, methodOf, ServiceSpec, socketAddress } from "./spec";

/** What of a virtual service counts for others of its director. */
interface Masquerading {
  readonly director: IMachine;
  readonly followed?: FollowedService;
  /** Read at synth: real servers may be added until then. */
  readonly spec: () => ServiceSpec;
}

/** Where a virtual service's connections end, and in which words. */
interface End {
  readonly key: string;
  readonly text: string;
}

/** The virtual services with each end, in the order of the program, by director. */
type ByDirector = Map<IMachine, Map<string, IConstruct[]>>;

const services = new WholeProgram<Masquerading, ByDirector>((all) => {
  const byDirector: ByDirector = new Map();
  for (const { by: service, what } of all) {
    const byEnd = byDirector.get(what.director) ?? new Map<string, IConstruct[]>();
    byDirector.set(what.director, byEnd);
    for (const { key } of endsOf(service, what)) {
      const leading = byEnd.get(key) ?? [];
      byEnd.set(key, leading);
      leading.push(service);
    }
  }
  return byDirector;
});

/** Takes a virtual service of the ipvs plane among those that are looked at together. */
export function haveRealServers(service: IConstruct, what: Masquerading): void {
  services.tell(service, what);
}

/**
 * The warning about a real server that two virtual services of a director, or two endpoints of one, have at the same port by
 * masquerading; said at the second one. IPVS looks for the connection of an answer by the addresses and ports of client and real
 * server alone. When a client has two connections from one of its ports, one through each, all answers belong to the newer one.
 *
 * @see https://github.com/torvalds/linux/blob/v6.1/net/netfilter/ipvs/ip_vs_conn.c `ip_vs_conn_out_get`
 */
export function sharedRealServerWarning(service: IConstruct): string | undefined {
  const mine = services.toldBy(service);
  if (mine === undefined) return undefined;
  const byEnd = services.below(service.node.root).get(mine.director);
  for (const { key, text } of endsOf(service, mine)) {
    const [first, second] = byEnd?.get(key) ?? [];
    if (first === undefined || (first === service && second !== service)) continue;
    const other = first === service ? "another endpoint" : first.node.path;
    return `'realServers' has ${text}, to which ${other} leads, too: where a client uses one of its ports for a connection through each of them, IPVS sends the answers of both through the newer one, and the older one hangs: let the server listen on a port for each of them, or use Plane.IPTABLES or ForwardingMethod.directRouting()`;
  }
  return undefined;
}

function endsOf(by: IConstruct, { spec, followed }: Masquerading): End[] {
  const service = spec();
  const { endpoints, realServers, forwarding } = service;
  const fixed = realServers
    .filter((server) => methodOf(service, server).name === "masquerading")
    .flatMap(({ address, port }) => endpoints.map((endpoint) => socket(endpoint, address, port || endpoint.port)));
  if (followed === undefined || forwarding.name !== "masquerading") return fixed;
  const { service: name, tag, datacenter } = followed;
  return endpoints.flatMap((endpoint) => [
    { key: `consul ${endpoint.protocol} ${name} ${tag ?? ""} ${datacenter ?? ""}`, text: `the instances of ${name}` },
    ...registered(by.node.root, followed).map(({ machine, port }) => socket(endpoint, machine.address, port)),
  ]);
}

function socket({ protocol }: Endpoint, address: string, port: number): End {
  const text = socketAddress(address, port);
  return { key: `${protocol} ${text}`, text };
}

/** Instances of a followed service that agents of the program register. */
function registered(root: IConstruct, { service, tag }: FollowedService): AgentService[] {
  if (tag !== undefined) return [];
  return root.node
    .findAll()
    .flatMap((each) => (AgentService.isAgentService(each) && each.name === service ? [each] : []));
}
