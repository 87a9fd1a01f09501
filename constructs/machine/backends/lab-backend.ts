import { join, resolve } from "node:path";
import { Construct } from "constructs";
import { LocalCommand, TerraformData } from "../../private/terraform-data";
import { writeAtSynth } from "../../private/synth-files";
import { IBackend, MachineAccess, MachineDescription, MachineLifecycle } from "../backend";
import { renderCloudConfig } from "../cloud-config-text";
import { renderPushScript } from "../setup-script";

/** A port of the host's loopback that leads into the lab. */
export interface LabForward {
  /** TCP port on 127.0.0.1. */
  readonly listen: number;
  /** `ADDRESS:PORT` inside the lab. */
  readonly to: string;
}

export interface LabBackendProps {
  /** Networks in CIDR form; each is a bridge of its own, the lab routes between them and owns the first host address of each. */
  readonly subnets: readonly string[];
  /** @default - none: the machines are reached by ssh only */
  readonly forwards?: readonly LabForward[];
  /** The lab's state folder; two labs need two. @default ".vipstack/lab/default" below the working directory */
  readonly directory?: string;
  /** The lab's program. @default - the one of this package */
  readonly program?: string;
}

/**
 * The embedded lab: each machine is a user-mode Linux guest with a kernel, systemd and cloud-init of its own, in a network
 * namespace that the lab makes. Needs Linux and root, nothing else.
 */
export class LabBackend extends Construct implements IBackend {
  readonly access: MachineAccess;
  private readonly machines: string[] = [];
  private readonly environment: Record<string, string>;
  private readonly network: TerraformData;

  constructor(scope: Construct, id: string, props: LabBackendProps) {
    super(scope, id);
    const directory = resolve(props.directory ?? join(".vipstack", "lab", "default"));
    const program = props.program ?? join(__dirname, "..", "..", "..", "lab", "vipstack-lab.js");
    this.environment = { LAB_DIRECTORY: directory, VIPSTACK_LAB: program };
    this.access = { kind: "lab", labDirectory: directory, sshConfigFile: join(directory, "ssh_config") };

    const forwards = props.forwards ?? [];
    const document = () => ({ name: id, subnets: props.subnets, machines: this.machines, forwards });
    writeAtSynth(this, () => ({ "lab.json": `${JSON.stringify(document(), null, 2)}\n` }));

    this.network = new TerraformData(this, "Default", {
      triggersReplace: () => ({ subnets: props.subnets.join(" "), directory }),
      onCreate: this.run("start lab.json"),
      onDestroy: this.run("stop"),
    });
    // Terraform runs no destroy command for a machine that left the program; this resource removes such a guest.
    new TerraformData(this, "members", {
      triggersReplace: () => ({
        lab: this.network.idReference,
        machines: this.machines.join(" "),
        forwards: forwards.map(({ listen, to }) => `${listen}=${to}`).join(" "),
      }),
      onCreate: this.run("sync lab.json"),
      logicalId: `${this.network.friendlyUniqueId}_members`,
      dependsOn: [this.network],
    });
  }

  /** @internal */
  _bind({ name, interfaces, memoryMiB, model }: MachineDescription): MachineLifecycle {
    this.machines.push(name);
    const nics = Object.entries(interfaces).map(([nic, addresses]) => ({ interface: nic, addresses }));
    const hardware = `${JSON.stringify({ name, memoryMiB, nics }, null, 2)}\n`;
    const folder = `machines/${name}`;
    return {
      create: this.run(`create ${folder}`),
      destroy: this.run(`delete ${name}`),
      push: this.command(`ssh -F "$LAB_DIRECTORY/ssh_config" ${name} sh -s < ${folder}/live.sh`),
      triggers: { lab: this.network.idReference, hardware },
      documents: () => ({
        [`${folder}/machine.json`]: hardware,
        [`${folder}/user-data`]: renderCloudConfig(model),
        [`${folder}/live.sh`]: renderPushScript(model),
      }),
      dependsOn: [this.network],
    };
  }

  private run(words: string): LocalCommand {
    return this.command(`node "$VIPSTACK_LAB" ${words} --dir "$LAB_DIRECTORY"`);
  }

  private command(command: string): LocalCommand {
    return { command, environment: this.environment };
  }
}
