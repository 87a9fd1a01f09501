import { IConstruct } from "constructs";
import { Software, SoftwareName } from "./backend";
import { LazyContribution } from "./contribution";
import { InterfaceAddress } from "./subnet";

/** Something with addresses that roles are put on. */
export interface IMachine extends IConstruct {
  /** The name it is known by: its host name, and `ssh NAME`. */
  readonly name: string;
  /** Its first IPv4 address, without prefix length. */
  readonly address: string;
  /** All its addresses, with interface and subnet. */
  readonly addresses: readonly InterfaceAddress[];
  /** A container registry that stands for Docker Hub where the machine is. @default - none */
  readonly registryMirror?: string;
  /** Tells that the machine is going to pull a container image, so that it can be there before. */
  wantImage(name: string): void;
  /**
   * A vendor's program as it is offered where the machine is; undefined where it has to come from its vendor.
   *
   * @param version @default - the one that the machine's backend has chosen
   */
  software(name: SoftwareName, version?: string): Software | undefined;
  /**
   * Adds what a role needs; a function where the role still grows (conflicts of its result are errors of synth).
   *
   * @throws ValidationError where it contradicts another role of the machine
   */
  contribute(role: IConstruct, part: LazyContribution): void;
}
