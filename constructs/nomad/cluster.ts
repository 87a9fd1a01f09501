import { IConstruct } from "constructs";
import { Installation, Provided } from "../agents";
import { IConsulCluster } from "../consul";
import { IMachine } from "../machine";
import { Validation } from "../private/validation";

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

/** What jobs are checked against; every `INomadCluster` is one. */
export interface JobCluster {
  /** Its clients, where they are known; none are known of a cluster that exists already. */
  readonly clients: readonly unknown[];
  /** The host ports that its clients give away. */
  readonly dynamicPorts: DynamicPorts;
  /** Of the oldest of its agents: what that one does not know is refused. @default - not known */
  readonly version?: string;
  /** The construct that sets the running version. */
  readonly node?: { readonly path: string };
}

const provided = new Provided<JobCluster>();

/** Tells all jobs below `scope`, usually a stack, which cluster they are for. */
export function provideCluster(scope: IConstruct, cluster: JobCluster): void {
  provided.provide(scope, cluster);
}

/** The nearest that was provided. */
export function clusterOf(scope: IConstruct): JobCluster | undefined {
  return provided.of(scope);
}

/** Ports that the kernel gives to outgoing connections; a job must not get one that is in use so. */
const EPHEMERAL = 32768;

export function validateDynamicPorts(validation: Validation, ports: DynamicPorts | undefined): void {
  if (ports === undefined) return;
  const { min, max } = ports;
  const inOrder = Number.isInteger(min) && Number.isInteger(max) && min >= 1024 && min < max && max < EPHEMERAL;
  validation.require(inOrder, {
    property: "dynamicPorts",
    rule: `must be a range within 1024 to ${EPHEMERAL - 1}, below the ports of outgoing connections`,
    got: ports,
    cure: "{ min: 20000, max: 32000 } is Nomad's own",
  });
}
