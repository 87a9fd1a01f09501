import { join } from "node:path";
import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { Deployment } from "../deployment";
import { IBackend, LabBackend, Machine, OrbStackBackend, SshBackend } from "../machine";
import { Inventory, interfacesOf, mtuOf } from "./inventory";
import { useStateFolder } from "./state-folder";

export interface MachinesStackProps<Name extends string> {
  readonly inventory: Inventory<Name>;
  /** The machine that `vipstack up` sends its requests from. @default - it sends none */
  readonly client?: Name;
}

/** The machines of an inventory, and the roles that the program puts on them. Needs no Terraform provider. */
export class MachinesStack<Name extends string> extends TerraformStack {
  /** Every machine, by its name. */
  readonly all: Readonly<Record<Name, Machine>>;
  readonly inventory: Inventory<Name>;

  constructor(scope: Construct, id: string, { inventory, client }: MachinesStackProps<Name>) {
    super(scope, id);
    this.inventory = inventory;
    const stateFolder = useStateFolder(this, inventory);
    const backend = backendOf(this, inventory, stateFolder);
    const machines = inventory.machines.map((entry) => {
      const interfaces = interfacesOf(entry, inventory.subnets);
      const { name, memoryMiB } = entry;
      return [name, new Machine(this, name, { backend, interfaces, mtu: mtuOf(entry), memoryMiB })] as const;
    });
    this.all = Object.fromEntries(machines) as Record<Name, Machine>;
    new Deployment(this, "deployment", {
      name: inventory.name,
      backend,
      stateFolder,
      client: client && this.all[client],
    });
  }
}

function backendOf(scope: Construct, inventory: Inventory, stateFolder: string): IBackend {
  switch (inventory.backend ?? "lab") {
    case "lab":
      return new LabBackend(scope, "lab", {
        subnets: inventory.subnets,
        forwards: inventory.forwards,
        directory: join(stateFolder, "lab"),
      });
    case "ssh":
      return new SshBackend(scope, "hosts", { configFile: inventory.sshConfigFile });
    case "orbstack":
      return new OrbStackBackend(scope, "orbstack");
  }
}
