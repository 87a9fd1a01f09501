import { Topology, TopologyVirtualService } from "../../constructs/topology";
import { CheckNow, DirectorNow, MachineNow, Status } from "../status";
import { duration } from "../status-screen";
import { healthMood, Mood, stateMood } from "./mood";

export interface ViewMachine extends MachineNow {
  readonly mood: Mood;
  /** `12 min`; empty if it is not known. */
  readonly up: string;
}

export interface ViewCheck extends CheckNow {
  readonly mood: Mood;
}

/** A real server of a virtual service, as its director has it. */
export interface ServerNow {
  readonly director: string;
  /** The virtual service's name in the topology. */
  readonly service: string;
  /** `TCP 192.168.139.29:80` */
  readonly endpoint: string;
  /** `192.168.139.31:80` */
  readonly address: string;
  /** @default - no machine of the topology has this address */
  readonly machine?: string;
  /** The table's numbers. @default - the iptables plane has none */
  readonly numbers?: TableNumbers;
}

/** What the table of the ipvs plane has of a real server. */
export interface TableNumbers {
  readonly weight: number;
  readonly perSecond: number;
  readonly open: number;
  /** Seconds until it is removed at the latest. @default - it does not drain */
  readonly drainSeconds?: number;
}

/** An instance of a job that runs. */
export interface InstanceNow {
  readonly job: string;
  readonly machine: string;
  readonly ports: string;
  readonly health: string;
  readonly mood: Mood;
}

/** What the page shows of one look at a deployment. */
export interface ViewModel {
  readonly name: string;
  readonly machines: readonly ViewMachine[];
  readonly servers: readonly ServerNow[];
  /** Directors that have answered. */
  readonly directors: readonly string[];
  /** @default - Consul has not answered, or there is none */
  readonly checks?: readonly ViewCheck[];
  /** @default - Nomad has not answered, or there is none */
  readonly instances?: readonly InstanceNow[];
  readonly problems: readonly string[];
}

/** A status in terms of the topology: each line of a director's table gets its machine and its virtual service. */
export function modelOf(topology: Topology, status: Status): ViewModel {
  const { deployment, machines, directors, checks, jobs, problems } = status;
  return {
    name: deployment,
    machines: machines.map((machine) => ({
      ...machine,
      mood: stateMood(machine.state),
      up: machine.upSeconds === undefined ? "" : duration(machine.upSeconds),
    })),
    servers: directors.flatMap((director) => serversOf(topology, director)),
    directors: directors.map(({ name }) => name),
    // A Consul that answers has a check of its own node at least; with jobs, Nomad has a row for each.
    ...(checks.length > 0 && { checks: checks.map((check) => ({ ...check, mood: healthMood(check.status) })) }),
    ...(jobs.length > 0 && { instances: instancesOf(status) }),
    problems,
  };
}

/** What is compared with the next look: the part that could not be asked stays as it was last known. */
export function remembered(before: ViewModel, now: ViewModel): ViewModel {
  const silent = before.directors.filter((name) => !now.directors.includes(name));
  const checks = [...(now.checks ?? []), ...(before.checks ?? []).filter((check) => !isAnswered(now, check))];
  return {
    ...now,
    directors: [...now.directors, ...silent],
    servers: [...now.servers, ...before.servers.filter(({ director }) => silent.includes(director))],
    ...(checks.length > 0 && { checks }),
    instances: now.instances ?? before.instances,
  };
}

/** Whether the Consul cluster of a check has answered: each has a check of its own node at least. */
export function isAnswered({ checks = [] }: ViewModel, { cluster }: ViewCheck): boolean {
  return checks.some((one) => one.cluster === cluster);
}

/** An address with a port, as ipvsadm writes it. */
export function socket(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function serversOf(topology: Topology, { name, services, rules }: DirectorNow): ServerNow[] {
  const director = topology.directors.find(({ machine }) => machine === name);
  if (director === undefined) return [];
  const known = director.services;
  if (director.plane === "iptables") return known.flatMap((service) => rulesOf(topology, name, service, rules));
  return services.flatMap(({ protocol, address: virtual, servers }) => {
    const endpoint = `${protocol} ${virtual}`;
    const service = known.find((one) => endpointsOf(one).includes(endpoint));
    // The table may have services that the program does not know.
    if (service === undefined) return [];
    return servers.map(({ address, weight, connectionsPerSecond: perSecond, active: open, drainSeconds }) => ({
      ...{ director: name, service: service.name, endpoint, address, ...machineAt(topology, address) },
      numbers: { weight, perSecond, open, ...(drainSeconds !== undefined && { drainSeconds }) },
    }));
  });
}

/** Real servers of the iptables plane; one with a higher weight has several rules. */
function rulesOf(
  topology: Topology,
  director: string,
  service: TopologyVirtualService,
  rules: readonly string[],
): ServerNow[] {
  const own = rules.filter((rule) => rule.split(" ")[1] === service.chain);
  const addresses = own.flatMap((rule) => / --to-destination (\S+)/.exec(rule)?.[1] ?? []);
  const [endpoint = ""] = endpointsOf(service);
  return [...new Set(addresses)].map((address) => ({
    ...{ director, service: service.name, endpoint, address, ...machineAt(topology, address) },
  }));
}

/** How ipvsadm names a virtual service. */
function endpointsOf({ endpoints, mark }: TopologyVirtualService): string[] {
  if (mark !== undefined) return [`FWM ${mark}`];
  return endpoints.map(({ protocol, address, port }) => `${protocol.toUpperCase()} ${socket(address, port)}`);
}

function machineAt({ machines }: Topology, server: string): { machine?: string } {
  const address = server.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  const machine = machines.find(({ addresses }) => addresses.includes(address))?.name;
  return machine === undefined ? {} : { machine };
}

/** Only the first instance of a job names it; where nothing runs, the reason stands in place of the machine. */
function instancesOf({ jobs, machines }: Status): InstanceNow[] {
  let job = "";
  return jobs.flatMap((row) => {
    job = row.job || job;
    const { runsOn: machine, ports, health } = row;
    const runs = machines.some(({ name }) => name === machine);
    return runs ? [{ job, machine, ports, health, mood: healthMood(health) }] : [];
  });
}
