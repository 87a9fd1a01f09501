import { IConstruct } from "constructs";
import { IConsulCluster, Installation } from "../consul";
import { IMachine } from "../machine";

/** Host ports that Nomad chooses from, both ends included. */
export interface DynamicPorts {
  readonly min: number;
  readonly max: number;
}

/** The range that Nomad takes by default. */
export const NOMADS_OWN_PORTS: DynamicPorts = { min: 20000, max: 32000 };

/** A Nomad region's servers and clients: made by this program ({@link NomadServer}), or there already. */
export interface INomadCluster extends IConstruct {
  readonly region: string;
  readonly datacenter: string;
  /** Where its HTTP interface is reached from other machines: `http://192.168.139.24:4646`. */
  readonly httpAddress: string;
  readonly consul: IConsulCluster;
  /** Machines of this program on which jobs run; as it is when it is read. */
  readonly clients: readonly IMachine[];
  readonly dynamicPorts: DynamicPorts;
  /** `1.6.3`: that of its oldest agent; as it is when it is read. @default - not known */
  readonly version?: string;
  /** How its agents are installed unless they have an `install` of their own. @default - what the machine's backend offers */
  readonly install?: Installation;
  /** Whether the machine's agent is one of its servers. @internal */
  _isServer(machine: IMachine): boolean;
  /** @internal */
  _addClient(machine: IMachine, agent: ClientAgent): void;
}

/** What the agent's unit has to know of its client. @internal */
export interface ClientAgent {
  readonly docker: boolean;
  readonly detectsCpu: boolean;
  readonly version: string;
}
