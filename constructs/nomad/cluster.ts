import { IConstruct } from "constructs";
import { Installation, Provided } from "../agents";
import { IConsulCluster } from "../consul";
import { IMachine } from "../machine";
import { Validation } from "../private/validation";
import type { NomadSecurity } from "./security";

/** Range of host ports that Nomad assigns to jobs, both ends included. */
export interface DynamicPorts {
  /** First port. */
  readonly min: number;
  /** Last port. */
  readonly max: number;
}

/** Nomad's default range. */
export const NOMADS_OWN_PORTS: DynamicPorts = { min: 20000, max: 32000 };

/** A Nomad cluster: of this program ({@link NomadServer}), or one that exists. */
export interface INomadCluster extends IConstruct {
  /** Name of the region. */
  readonly region: string;
  /** Name of the datacenter. */
  readonly datacenter: string;
  /** URL of its HTTP API, as other machines reach it: `http://192.168.139.24:4646`. */
  readonly httpAddress: string;
  /** Consul datacenter of its agents. */
  readonly consul: IConsulCluster;
  /** Machines of this program on which jobs run, up to the time of reading. */
  readonly clients: readonly IMachine[];
  /** Range of host ports that Nomad assigns to jobs. */
  readonly dynamicPorts: DynamicPorts;
  /** Version of its oldest agent, up to the time of reading: `1.6.3`. @default - not known */
  readonly version?: string;
  /** Installation of agents without an `install` of their own. @default - the one that the machine's backend offers */
  readonly install?: Installation;
  /** Key and certificates of its agents. @default - they trust every host @internal */
  readonly _security?: NomadSecurity;
  /** All addresses of the machines with an agent of it, read at synth. @internal */
  readonly _members: readonly string[];
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
  /** Address that other agents know. */
  readonly address: string;
}

/** The cluster that jobs are checked against. Every {@link INomadCluster} is one. */
export interface JobCluster {
  /** Its clients. Empty if they are not known, as for a cluster that exists. */
  readonly clients: readonly unknown[];
  /** Range of host ports that its clients assign to jobs. */
  readonly dynamicPorts: DynamicPorts;
  /** Version of its oldest agent. Properties that it does not know are refused. @default - not known */
  readonly version?: string;
  /** The construct that sets the version, named in errors. @default - none */
  readonly node?: { readonly path: string };
}

const provided = new Provided<JobCluster>();

/** Sets the cluster of all jobs below `scope`, which is usually a stack. */
export function provideCluster(scope: IConstruct, cluster: JobCluster): void {
  provided.provide(scope, cluster);
}

/** The cluster that was provided for the nearest scope. */
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
