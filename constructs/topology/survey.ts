import { TerraformStack } from "cdktf";
import { IConstruct } from "constructs";
import { Gateway, MachineGateway } from "../apisix";
import { AgentService } from "../consul";
import { Director, ForwardingMethod, Plane, Redirect, VirtualService } from "../lvs";
import { IMachine, Machine } from "../machine";
import { Job } from "../nomad";
import {
  Topology,
  TopologyCluster,
  TopologyDirector,
  TopologyGateway,
  TopologyJob,
  TopologyMachine,
  TopologyService,
  TopologyVirtualService,
} from "./topology";

/** The topology of a stack of machines, read from the constructs of its program. */
export function surveyTopology(stack: TerraformStack, name: string, client?: IMachine): Topology {
  const own = stack.node.findAll();
  const everywhere = stack.node.root.node.findAll();
  const made = own.filter((each) => Machine.isMachine(each));
  const directors = own.filter((each) => Director.isDirector(each));
  // What is in another stack counts where it runs on machines of this one.
  const here = new Set<IConstruct>(own);
  const isHere = (machine: IMachine): boolean => here.has(machine);
  const gateways = everywhere.filter(isGateway).filter(({ machines }) => machines.some(isHere));
  const servers = directors.flatMap(({ virtualServices }) => virtualServices.flatMap(machinesOf));
  const foreign = [...new Set(servers)].filter((machine) => !Machine.isMachine(machine));
  return {
    name,
    stack: stack.node.id,
    ...(client !== undefined && { client: client.name }),
    machines: [...made.map(madeMachine), ...foreign.map(foreignMachine)],
    directors: directors.map(directorOf),
    gateways: gateways.map(gatewayOf),
    jobs: everywhere.flatMap((each) => (Job.isJob(each) ? (jobOf(each, isHere) ?? []) : [])),
    services: servicesOf(own),
    clusters: clustersOf(made, directors),
  };
}

function isGateway(construct: unknown): construct is Gateway | MachineGateway {
  return Gateway.isGateway(construct) || MachineGateway.isMachineGateway(construct);
}

function machinesOf({ realServers }: VirtualService): IMachine[] {
  return realServers.map(({ machine }) => machine);
}

function madeMachine({ name, addresses, model }: Machine): TopologyMachine {
  return { name, addresses: addresses.map(({ address }) => address), roles: model.titles, made: true };
}

function foreignMachine({ name, addresses }: IMachine): TopologyMachine {
  return { name, addresses: addresses.map(({ address }) => address), roles: [], made: false };
}

function directorOf(director: Director): TopologyDirector {
  const { machine, plane, drainTimeout, consul, virtualServices, node } = director;
  return {
    machine: machine.name,
    plane,
    drainTimeout,
    consul: consul !== undefined,
    services: virtualServices.map((service) => virtualServiceOf(service, plane)),
    redirects: node.children
      .filter((each) => Redirect.isRedirect(each))
      .map(({ port, toPorts: [first, last] }) => `${port} → ${first === last ? first : `${first} to ${last}`}`),
  };
}

function virtualServiceOf(service: VirtualService, plane: Plane): TopologyVirtualService {
  const { node, endpoints, mark, scheduler, forwarding, followed, realServers, _spec: spec } = service;
  return {
    name: node.id,
    endpoints: endpoints.map(({ address, port, protocol }) => ({ address, port, protocol })),
    ...(mark !== undefined && { mark }),
    scheduler: [scheduler.word, ...scheduler.flags].join(" "),
    ...(spec.persistenceTimeoutSeconds !== undefined && { persistenceSeconds: spec.persistenceTimeoutSeconds }),
    onePacket: spec.onePacket,
    forwarding: methodName(forwarding),
    acknowledged: service._acknowledged,
    realServers: realServers.map((server) => ({
      machine: server.machine.name,
      address: server.address,
      port: server._spec.port,
      weight: server.weight,
      forwarding: methodName(server._spec.forwarding ?? forwarding),
    })),
    ...(followed !== undefined && {
      follows: followed.service,
      ...(followed.tag !== undefined && { tag: followed.tag }),
      ...(followed.datacenter !== undefined && { datacenter: followed.datacenter }),
    }),
    ...(plane === Plane.IPTABLES && { chain: spec.chain }),
  };
}

function methodName({ name, snat }: Pick<ForwardingMethod, "name" | "snat"> | { name: string; snat: boolean }): string {
  return snat ? `${name}, SNAT` : name;
}

function gatewayOf(gateway: Gateway | MachineGateway): TopologyGateway {
  const { name, machines, routes, adminPort } = gateway;
  return {
    name,
    job: Gateway.isGateway(gateway),
    machines: machines.map((machine) => machine.name),
    routes,
    admin: adminPort !== undefined,
  };
}

/** Undefined for a job of other machines, and for one that is a gateway, which is drawn as such. */
function jobOf(job: Job, isHere: (machine: IMachine) => boolean): TopologyJob | undefined {
  if (Gateway.isGateway(job.node.scope)) return undefined;
  const { clients, ...outline } = job._outline;
  const machines = clients.filter((each) => Machine.isMachine(each)).filter(isHere);
  return machines.length === 0 ? undefined : { ...outline, machines: machines.map(({ name }) => name) };
}

function servicesOf(own: readonly IConstruct[]): TopologyService[] {
  const all = own.filter((each) => AgentService.isAgentService(each));
  return [...new Set(all.map(({ name }) => name))].map((name) => ({
    name,
    instances: all
      .filter((one) => one.name === name)
      .map(({ machine, port }) => ({ machine: machine.name, address: machine.address, port })),
  }));
}

function clustersOf(made: readonly Machine[], directors: readonly Director[]): TopologyCluster[] {
  const serversOf = (kind: TopologyCluster["kind"]): TopologyCluster[] => {
    const servers = made.filter(({ model }) => model.titles.some((title) => title.startsWith(`${kind} server`)));
    return servers.length === 0 ? [] : [{ kind, servers: servers.map(({ name }) => name) }];
  };
  const consul = serversOf("Consul");
  const existing = directors.flatMap((director) => director.consul?.httpAddress ?? [])[0];
  const found: TopologyCluster[] =
    consul.length === 0 && existing !== undefined ? [{ kind: "Consul", servers: [], address: existing }] : consul;
  return [...found, ...serversOf("Nomad")];
}
