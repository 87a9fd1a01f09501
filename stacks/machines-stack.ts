import { join, resolve } from "node:path";
import { LocalBackend, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { IBackend, LabBackend, Machine, OrbStackBackend, SshBackend } from "../constructs";
import { Inventory, interfacesOf } from "../inventory/inventory";
import { writeDeployment } from "./deployment";

export interface MachinesStackProps<Name extends string> {
  readonly inventory: Inventory<Name>;
  /** Where state is kept. @default ".vipstack" below the working directory */
  readonly stateFolder?: string;
}

/** The machines of an inventory, and the roles that the program puts on them. Needs no Terraform provider. */
export class MachinesStack<Name extends string> extends TerraformStack {
  /** Every machine, by its name. */
  readonly all: Readonly<Record<Name, Machine>>;
  readonly backend: IBackend;

  constructor(scope: Construct, id: string, { inventory, stateFolder = process.env.VIPSTACK_STATE ?? ".vipstack" }: MachinesStackProps<Name>) {
    super(scope, id);
    new LocalBackend(this, { path: resolve(stateFolder, "terraform", `${id}.tfstate`) });
    this.backend = backendOf(this, inventory, stateFolder);
    const machines = inventory.machines.map((entry) => {
      const interfaces = interfacesOf(entry, inventory.subnets);
      return [entry.name, new Machine(this, entry.name, { backend: this.backend, interfaces, memoryMiB: entry.memoryMiB })] as const;
    });
    this.all = Object.fromEntries(machines) as Record<Name, Machine>;
    writeDeployment(this, inventory, this.backend.access);
  }
}

function backendOf(scope: Construct, inventory: Inventory, stateFolder: string): IBackend {
  switch (inventory.backend ?? "lab") {
    case "lab":
      return new LabBackend(scope, "lab", {
        subnets: inventory.subnets,
        forwards: inventory.forwards,
        directory: join(stateFolder, "lab", inventory.name),
      });
    case "ssh":
      return new SshBackend(scope, "hosts", { configFile: inventory.sshConfigFile });
    case "orbstack":
      return new OrbStackBackend(scope, "orbstack");
  }
}
