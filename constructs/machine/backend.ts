import { ITerraformDependable } from "cdktf";
import { Construct, IConstruct } from "constructs";
import { LocalCommand } from "../private/terraform-data";
import { CloudInit } from "./cloud-init";
import type { Contribution } from "./contribution";
import type { Software, SoftwareName } from "./software";

/** A machine that a backend has to make. */
export interface MachineDescription {
  /** Host name. */
  readonly name: string;
  /** Addresses with prefix length, by interface: `{ eth0: ["192.168.139.29/24"] }`. */
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  /** MTU in bytes, by interface, for interfaces with another MTU than 1500. */
  readonly mtu: Readonly<Record<string, number>>;
  /** Memory in MiB. */
  readonly memoryMiB: number;
  /** Pure model of the machine; complete only at synth. */
  readonly model: CloudInit;
}

/**
 * How Terraform makes, changes and removes a machine. The commands run on the operator's machine in the folder of the stack's
 * JSON, where the documents are. Each must fail if its work is not done.
 */
export interface MachineLifecycle {
  /** Makes the machine and returns once its first boot is over: `machines/NAME/applied.sh` succeeds on it. */
  readonly create: LocalCommand;
  /** Removes the machine. It gets no further files: Terraform runs it from its state alone. */
  readonly destroy: LocalCommand;
  /** Brings live content to the running machine. */
  readonly push: LocalCommand;
  /** Runs the shell script on its standard input on the machine, as root. Secrets and `vipstack up` use it. */
  readonly shell: LocalCommand;
  /** Values that replace the machine when they change, beside its boot content. @default - only boot content does */
  readonly triggers?: Readonly<Record<string, string>>;
  /** Files written beside the stack's JSON, by path; called at synth, when all roles have contributed. */
  readonly documents: () => Readonly<Record<string, string>>;
  /** Resources that must be there before the machine. Read at synth. @default - none */
  readonly dependsOn?: readonly ITerraformDependable[];
  /** Contribution of the backend to the machine, in addition to its roles. @default - none */
  readonly contribution?: Contribution;
}

/**
 * Makes machines from their models: {@link LabBackend} boots a guest, {@link OrbStackBackend} creates an OrbStack machine,
 * {@link SshBackend} prepares a host that exists. A backend of your own is a construct with one method, {@link IBackend.bind}; everything
 * else is optional. `examples/libvirt` is an example.
 */
export interface IBackend extends IConstruct {
  /** Means of access that `vipstack up` shows and uses. @default - none */
  readonly access?: MachineAccess;
  /**
   * Container registry that its machines use as Docker Hub's mirror: `http://192.168.139.1:5000`. Reading it counts as using it.
   *
   * @default - none: images come from the registries in their names
   */
  readonly registryMirror?: string;
  /**
   * Addresses of the backend itself in its machines' networks, for example a router's. No machine and no VIP can have one of them.
   *
   * @default - none
   */
  readonly ownAddresses?: readonly string[];
  /** Whether a machine gets the memory of its `memoryMiB`, so that too little is a warning at synth. @default false */
  readonly givesMemory?: boolean;
  /** Called by a role that starts a container from an image. A backend without a registry of its own needs no such method. */
  wantImage?(name: string): void;
  /**
   * A vendor's program that the backend offers to its machines. Asking for it counts as using it.
   *
   * @param version @default - the one that the backend has chosen
   * @default - none: programs come from their vendors
   */
  software?(name: SoftwareName, version?: string): Software | undefined;
  /**
   * Address by which this host reaches a port of a machine; undefined if it can't reach it. Stacks of Consul objects and of jobs ask for that of
   * their agent, so a backend may open the way then.
   *
   * @param endpoint `192.168.139.24:8500`
   * @default - the endpoint itself
   */
  fromHost?(endpoint: string): string | undefined;
  /**
   * Called by a role that has something to do on its machine before another machine is removed because it left the program: a director
   * drains its real servers. Terraform runs no destroy command then, so a backend that removes such machines has a resource of its own
   * for that, which runs the command first.
   *
   * @default - the backend leaves such machines to their owner, as ssh and OrbStack do
   */
  beforeRemoval?(farewell: Farewell): void;
  /**
   * Called once by each {@link Machine}, before any role contributes to it: `machine.model` is complete only at synth, so read
   * it in `documents`. {@link userDataFiles} and {@link renderPushScript} render it.
   */
  bind(machine: MachineDescription): MachineLifecycle;
}

/** Command of one machine that runs before others are removed. */
export interface Farewell {
  /** Name of the machine that runs it. */
  readonly machine: string;
  /** Shell text, run as root; the addresses of the machines that are removed are appended to it. */
  readonly command: string;
  /** Resource that must be deployed before: the change that makes the machine's own rules do without them. */
  readonly after: ITerraformDependable;
}

/** Parts of an inventory that its backend needs. */
export interface BackendRequest {
  /** Networks in CIDR form: `192.168.139.0/24`. */
  readonly subnets: readonly string[];
  /** Ports of 127.0.0.1 and the `ADDRESS:PORT` that they lead to. @default - none */
  readonly forwards?: readonly { readonly listen: number; readonly to: string }[];
  /** The folder of the deployment's state, which only its owner can enter. */
  readonly stateFolder: string;
}

/** Function that makes the backend of an inventory's machines: `SshBackend.factory()`, or your own. */
export type BackendFactory = (scope: Construct, request: BackendRequest) => IBackend;

/** Means by which the operator and `vipstack up` reach a backend's machines. */
export interface MachineAccess {
  /** OpenSSH client configuration with the machines' names. @default - none */
  readonly sshConfigFile?: string;
  /**
   * Whether the machines are hosts that exist. `vipstack up` then logs in to each before Terraform changes anything, and says what is
   * wrong with those that can't be used.
   *
   * @default false
   */
  readonly existingHosts?: boolean;
  /** State folder of the embedded lab. @default - the backend is no lab */
  readonly labDirectory?: string;
  /** Ports of this host's loopback that lead to machines. @default - none */
  readonly forwards?: readonly { readonly listen: number; readonly to: string }[];
}
