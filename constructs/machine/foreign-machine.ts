import { Construct } from "constructs";
import { checkedAddresses, ownAddress } from "./machine-addresses";
import { IMachine } from "./machine-end";
import { joinNeighbours } from "./neighbours";
import { InterfaceAddress } from "./subnet";

/** A machine that exists. */
export interface ForeignMachineAttributes {
  /**
   * Interface name to its addresses with prefix length; IPv4 and IPv6 may share an interface. The first IPv4 address is the
   * machine's own: `{ eth0: ["192.168.139.29/24"] }`.
   */
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  /**
   * Interface name to the largest packet that its network carries, in bytes, 576 to 65535 (lab: at most 1500), with IPv6 1280
   * at least: `{ eth0: 1450 }`. The lab and OrbStack set it, on a host by ssh it must be so already. Roles that need room of
   * a packet follow it.
   *
   * @default - 1500
   */
  readonly mtu?: Readonly<Record<string, number>>;
  /** Letters, digits and hyphens. @default - the construct's id */
  readonly name?: string;
}

/** What {@link ForeignMachineAttributes} stand for. */
export class ForeignMachine extends Construct implements IMachine {
  readonly name: string;
  readonly address: string;
  readonly addresses: readonly InterfaceAddress[];

  constructor(scope: Construct, id: string, attributes: ForeignMachineAttributes) {
    super(scope, id);
    this.name = attributes.name ?? id;
    this.addresses = checkedAddresses(this, this.name, attributes);
    joinNeighbours(this);
    this.address = ownAddress(this.addresses);
  }

  /** Its owner provides images. */
  wantImage(): void {
    // Nothing is made there.
  }

  /** Its owner decides where programs come from. */
  software(): undefined {
    return undefined;
  }

  /** Nothing is done: the owner of the machine has to bring what the role needs. */
  contribute(): void {
    // Its owner does it.
  }
}
