import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { Deployment } from "../deployment";
import { IBackend, LabBackend, Machine } from "../machine";
import { Inventory, interfacesOf, mtuOf } from "./inventory";
import { isMarked, mark } from "../private/mark";
import { stateFolderOf } from "./state-folder";

const MACHINES_STACK = "MachinesStack";

/** Properties of a stack of machines. */
export interface MachinesStackProps<Name extends string> {
  /** Inventory of the machines. */
  readonly inventory: Inventory<Name>;
  /** Machine from which `vipstack up` sends requests to check that the virtual services answer. @default - it sends none */
  readonly client?: Name;
}

/** The machines of an inventory, and the roles that the program puts on them. Needs no Terraform provider. */
export class MachinesStack<Name extends string> extends TerraformStack {
  /** Every machine, by its name. */
  readonly all: Readonly<Record<Name, Machine>>;
  /** Inventory of the machines. */
  readonly inventory: Inventory<Name>;
  /** Backend of the machines. */
  readonly backend: IBackend;

  /** Whether a construct is a stack of machines, also of another copy of this package. */
  static isMachinesStack(construct: unknown): construct is MachinesStack<string> {
    return isMarked(construct, MACHINES_STACK);
  }

  constructor(scope: Construct, id: string, { inventory, client }: MachinesStackProps<Name>) {
    super(scope, id);
    mark(this, MACHINES_STACK);
    this.inventory = inventory;
    const stateFolder = stateFolderOf(inventory);
    const { backend: factory = LabBackend.factory(), subnets, forwards } = inventory;
    this.backend = factory(this, { subnets, forwards, stateFolder });
    const machines = inventory.machines.map((entry) => {
      const interfaces = interfacesOf(entry, subnets);
      const { name, memoryMiB } = entry;
      return [
        name,
        new Machine(this, name, { backend: this.backend, interfaces, mtu: mtuOf(entry), memoryMiB }),
      ] as const;
    });
    this.all = Object.fromEntries(machines) as Record<Name, Machine>;
    new Deployment(this, "deployment", {
      name: inventory.name,
      backend: this.backend,
      stateFolder,
      client: client && this.all[client],
    });
  }
}
