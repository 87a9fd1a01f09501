import { Construct, IConstruct } from "constructs";
import { Installation, Provided } from "../agents";
import { IMachine } from "../machine";
import { Failure } from "../private/failure";
import { isMarked, mark } from "../private/mark";
import { Validation } from "../private/validation";
import { ConsulClient } from "./consul-client";
import type { ConsulSecurity } from "./security";

/** A Consul datacenter: of this program ({@link ConsulServer}), or one that exists. */
export interface IConsulCluster extends IConstruct {
  /** Name of the datacenter: `dc1`. */
  readonly datacenter: string;
  /** URL of its HTTP API, as other machines reach it: `http://192.168.139.24:8500`. */
  readonly httpAddress: string;
  /** Addresses of its servers, which agents join, up to the time of reading. */
  readonly retryJoin: readonly string[];
  /** Installation of agents without an `install` of their own. @default - the one that the machine's backend offers */
  readonly install?: Installation;
  /** Installation of consul-template on directors and gateways without one of their own. @default - the one that the machine's backend offers */
  readonly consulTemplate?: Installation;
  /** Version of its agents: `1.14.11`. @default - not known */
  readonly version?: string;
  /** Adds the local agent of this datacenter to a machine, unless it has one. */
  ensureAgent(role: Construct, machine: IMachine): void;
  /** @internal @returns whether it is the machine's only agent */
  _addAgent(agent: IConstruct, machine: IMachine, address: string): boolean;
  /** Key and certificates of its agents. @default - they trust every host @internal */
  readonly _security?: ConsulSecurity;
  /** All addresses of the machines with an agent of it, read at synth. @internal */
  readonly _members: readonly string[];
}

/** The cluster that Consul objects are checked against. Every {@link IConsulCluster} is one. */
export interface ProvidedConsul {
  /** Version of its agents: `1.14.11`. @default - not known */
  readonly version?: string;
  /** Node of the construct, named in errors. */
  readonly node: { readonly path: string };
  /** @internal */
  readonly _security?: ConsulSecurity;
}

const provided = new Provided<ProvidedConsul>();

/** Sets the cluster of all Consul objects below `scope`, which is usually a stack. */
export function provideConsul(scope: IConstruct, cluster: ProvidedConsul): void {
  provided.provide(scope, cluster);
}

/** The cluster that was provided for the nearest scope. */
export function consulOf(scope: IConstruct): ProvidedConsul | undefined {
  return provided.of(scope);
}

/** Refuses a cluster of {@link AgentProfile.PRODUCTION} for a role that has no token for it. @param role `a gateway` */
export function securedFailures(consul: IConsulCluster, role: string): Failure[] {
  if (consul._security === undefined) return [];
  return [
    {
      property: "consul",
      rule: `can't be a cluster with AgentProfile.PRODUCTION yet, because ${role} has no token for it`,
      got: consul.node.path,
      cure: "leave out its 'profile', for AgentProfile.CLUSTER",
    },
  ];
}

/** The clusters of a whole program by the machines with an agent of them; each is named by its construct's path. */
export function consulClusters(root: IConstruct): ReadonlyMap<IMachine, string> {
  const clusters = root.node.findAll().filter((each): each is ConsulClusterBase => isMarked(each, CLUSTER));
  return new Map(clusters.flatMap((each) => each._machines.map((machine) => [machine, each.node.path] as const)));
}

/** All addresses of a machine, with the one that other agents know. */
export function addressesOf(machine: IMachine, advertised: string): readonly string[] {
  return [...new Set([advertised, ...machine.addresses.map(({ address }) => address)])];
}

const CLUSTER = "ConsulCluster";

/** What both kinds of cluster do for their agents. */
export abstract class ConsulClusterBase extends Construct implements IConsulCluster {
  abstract readonly datacenter: string;
  abstract readonly httpAddress: string;
  abstract readonly retryJoin: readonly string[];
  abstract readonly install?: Installation;
  abstract readonly consulTemplate?: Installation;
  abstract readonly version?: string;
  /** @internal */
  _security?: ConsulSecurity;
  private readonly agents = new Map<IMachine, { readonly agent: IConstruct; readonly address: string }>();

  constructor(scope: Construct, id: string) {
    super(scope, id);
    mark(this, CLUSTER);
  }

  /** Machines with an agent of it. @internal */
  get _machines(): readonly IMachine[] {
    return [...this.agents.keys()];
  }

  /** Which of its addresses a machine sends from follows from routes, which the program does not know. @internal */
  get _members(): readonly string[] {
    return [...this.agents].flatMap(([machine, { address }]) => addressesOf(machine, address));
  }

  ensureAgent(role: Construct, machine: IMachine): void {
    if (!this.agents.has(machine)) new ConsulClient(role, `consul-${machine.name}`, { machine, consul: this });
  }

  /** @internal */
  _addAgent(agent: IConstruct, machine: IMachine, address: string): boolean {
    const there = this.agents.get(machine)?.agent;
    const sameName = [...this.agents].find(([other]) => other !== machine && other.name === machine.name);
    const validation = new Validation(agent);
    validation.require(there === undefined, {
      property: "machine",
      rule: `can't get a second Consul agent, ${there?.node.path ?? ""} is one`,
      got: machine.name,
      cure: "leave this one out, or make it before the roles that add an agent themselves",
    });
    validation.require(sameName === undefined, {
      property: "machine",
      rule: `can't have the name of another machine in the datacenter, as ${sameName?.[1].agent.node.path ?? ""} is on one`,
      got: machine.name,
      cure: "rename one of the two machines: each agent is known by its machine's name",
    });
    if (!validation.passes()) return false;
    this.agents.set(machine, { agent, address });
    return true;
  }
}
