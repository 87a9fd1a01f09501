import { ITerraformDependable } from "cdktf";
import { Construct, IConstruct } from "constructs";
import { LocalCommand } from "../private/terraform-data";
import { CloudInit } from "./cloud-init";
import type { Contribution } from "./contribution";
import type { Software, SoftwareName } from "./software";

/** A machine as its backend is asked for it. */
export interface MachineDescription {
  readonly name: string;
  /** Interface name to its addresses with prefix length: `{ eth0: ["192.168.139.29/24"] }`. */
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  /** Interface name to its MTU in bytes, for those that have another one than 1500. */
  readonly mtu: Readonly<Record<string, number>>;
  readonly memoryMiB: number;
  readonly model: CloudInit;
}

/**
 * How Terraform makes, changes and removes a machine. The commands run on the operator's machine in the folder of the stack's
 * JSON, where the documents are; each must fail where its work is not done.
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
  /** What its machines need beside their roles. @default - nothing */
  readonly contribution?: Contribution;
}

/**
 * Turns the model of a machine into a machine: {@link LabBackend} boots one, {@link OrbStackBackend} asks OrbStack for one,
 * {@link SshBackend} prepares a host that exists. Yours is a construct with one method, {@link IBackend.bind}; everything else
 * is optional. `examples/libvirt` is one.
 */
export interface IBackend extends IConstruct {
  /** What `vipstack up` shows and uses beside the machines. @default - nothing */
  readonly access?: MachineAccess;
  /**
   * A container registry that its machines use as Docker Hub's mirror: `http://192.168.139.1:5000`. A role that reads it uses it.
   *
   * @default - none: images come from the registries in their names
   */
  readonly registryMirror?: string;
  /**
   * Addresses in its machines' networks that are its own, such as a router's: no machine and no VIP can be one.
   *
   * @default - none that are known
   */
  readonly ownAddresses?: readonly string[];
  /** Called by a role that starts a container from an image; a backend without a registry of its own has nothing to do. */
  wantImage?(name: string): void;
  /**
   * A vendor's program that the backend offers to its machines. A role that asks for it uses it.
   *
   * @param version @default - the one that the backend has chosen
   * @default - none: programs come from their vendors
   */
  software?(name: SoftwareName, version?: string): Software | undefined;
  /**
   * Where this host reaches a port of a machine; undefined where nothing leads there.
   *
   * @param endpoint `192.168.139.24:8500`
   * @default - the endpoint itself
   */
  fromHost?(endpoint: string): string | undefined;
  /**
   * Called once by each {@link Machine}, before any role contributes to it: `machine.model` is complete only at synth, so read
   * it in `documents`. {@link userDataFiles} and {@link renderPushScript} render it.
   */
  bind(machine: MachineDescription): MachineLifecycle;
}

/** What an inventory tells the factory of its backend. */
export interface BackendRequest {
  /** Networks in CIDR form. */
  readonly subnets: readonly string[];
  /** Ports of 127.0.0.1 and the `ADDRESS:PORT` that they lead to. @default - none */
  readonly forwards?: readonly { readonly listen: number; readonly to: string }[];
  /** The folder of the deployment's state, which only its owner can enter. */
  readonly stateFolder: string;
}

/** Makes the backend of an inventory's machines: `SshBackend.factory()`, or a function of your own. */
export type BackendFactory = (scope: Construct, request: BackendRequest) => IBackend;

/** What the operator and `vipstack up` use of a backend beside its machines. */
export interface MachineAccess {
  /** An OpenSSH client configuration that knows the machines' names. @default - none */
  readonly sshConfigFile?: string;
  /** The embedded lab's state folder. @default - not a lab */
  readonly labDirectory?: string;
  /** Ports of this host's loopback that lead to machines. @default - none */
  readonly forwards?: readonly { readonly listen: number; readonly to: string }[];
}
