import { Construct, IConstruct } from "constructs";
import { IMachine } from "../machine";
import { Validation } from "../private/validation";
import { nameFailures } from "./consul-checks";
import { Installation } from "./installation";
import { versionFormFailures } from "../private/version";

/** A Consul datacenter: one that this program makes ({@link ConsulServer}), or one that exists. */
export interface IConsulCluster extends IConstruct {
  /** `dc1` */
  readonly datacenter: string;
  /** Where its HTTP interface is reached from other machines: `http://192.168.139.24:8500`. */
  readonly httpAddress: string;
  /** Addresses of its servers, by which an agent joins it; as it is when it is read. */
  readonly retryJoin: readonly string[];
  /** How its agents are installed unless they have an `install` of their own. @default - what the machine's backend offers */
  readonly install?: Installation;
  /** `1.14.11`. @default - unknown */
  readonly version?: string;
  /** Puts the one local agent of this cluster on a machine; does nothing where it is there already. */
  ensureAgent(role: Construct, machine: IMachine): void;
  /** @internal */
  _addAgent(agent: IConstruct, machine: IMachine): void;
}

/** A Consul datacenter that the program does not make. */
export interface ConsulAddressAttributes {
  /** `http://10.0.0.5:8500` */
  readonly address: string;
  /** Addresses of its servers, by which agents of this program join it. */
  readonly retryJoin: readonly string[];
  /** @default "dc1" */
  readonly datacenter?: string;
  /** @default - unknown: what depends on it is not checked */
  readonly version?: string;
  /** @default - what the machine's backend offers */
  readonly install?: Installation;
}

/** What both kinds of cluster do for their agents. */
export abstract class ConsulClusterBase extends Construct implements IConsulCluster {
  abstract readonly datacenter: string;
  abstract readonly httpAddress: string;
  abstract readonly retryJoin: readonly string[];
  abstract readonly install?: Installation;
  abstract readonly version?: string;
  private readonly agents = new Map<IMachine, IConstruct>();

  ensureAgent(role: Construct, machine: IMachine): void {
    if (!this.agents.has(machine)) this._makeClient(role, machine);
  }

  /** @internal */
  _addAgent(agent: IConstruct, machine: IMachine): void {
    const there = this.agents.get(machine);
    const sameName = [...this.agents].find(([other]) => other !== machine && other.name === machine.name);
    const validation = new Validation(agent);
    validation.require(there === undefined, {
      property: "machine",
      rule: `can't get a second Consul agent, ${there?.node.path ?? ""} is one`,
      got: machine.name,
      cure: "leave this one out, or make it before the roles that bring one along",
    });
    validation.require(sameName === undefined, {
      property: "machine",
      rule: `can't have the name of another machine in the datacenter, as ${sameName?.[1].node.path ?? ""} is on one`,
      got: machine.name,
      cure: "rename one of the two machines: each agent is known by its machine's name",
    });
    validation.finish();
    this.agents.set(machine, agent);
  }

  /** @internal */
  abstract _makeClient(role: Construct, machine: IMachine): void;
}

/** Checks of {@link ConsulAddressAttributes}. @throws ValidationError */
export function checkAddressAttributes(scope: IConstruct, attributes: ConsulAddressAttributes): void {
  const { address, retryJoin, datacenter, version } = attributes;
  const validation = new Validation(scope);
  validation.require(/^https?:\/\/[^/]+$/.test(address), {
    property: "address",
    rule: "must be a URL without a path",
    got: address,
    cure: "write it like 'http://10.0.0.5:8500'",
  });
  validation.require(retryJoin.length > 0, {
    property: "retryJoin",
    rule: "must hold the address of at least one server",
    cure: "for example ['10.0.0.5']",
  });
  validation.add(...nameFailures("datacenter", datacenter));
  validation.add(...versionFormFailures(version, "1.14.11"));
  validation.finish();
}
