import { IConstruct } from "constructs";
import { IMachine } from "../machine";

/** A Consul datacenter that others use: made by the program, or one that exists. */
export interface IConsulCluster extends IConstruct {
  /** `dc1` */
  readonly datacenter: string;
  /** `http://ADDRESS:8500` of a server. */
  readonly httpAddress: string;
  /** Addresses that an agent joins. */
  readonly retryJoin: readonly string[];
  /** A machine gets one local agent of this cluster; where it has one already, nothing happens. */
  ensureAgent(role: IConstruct, machine: IMachine): void;
}
