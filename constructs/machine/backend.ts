import { IConstruct } from "constructs";
import { LocalCommand, TerraformData } from "../private/terraform-data";
import { CloudInit } from "./cloud-init";
import { Contribution } from "./contribution";

/** What a backend gets to know of a machine. */
export interface MachineDescription {
  readonly name: string;
  /** Interface name to its addresses with prefix length: `{ eth0: ["192.168.139.29/24"] }`. */
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  /** Interface name to its MTU in bytes, for those that have another one than 1500. */
  readonly mtu: Readonly<Record<string, number>>;
  readonly memoryMiB: number;
  readonly model: CloudInit;
}

/** What a backend answers: how Terraform makes, changes and removes that machine. */
export interface MachineLifecycle {
  readonly create: LocalCommand;
  readonly destroy: LocalCommand;
  /** Brings live content to the running machine. */
  readonly push: LocalCommand;
  /** Runs the shell script on its standard input on the machine, as root. */
  readonly shell: LocalCommand;
  /** Replaces the machine when changed, beside its boot content. */
  readonly triggers: Readonly<Record<string, string>>;
  /** Files written beside the stack's JSON, which the commands read; called at synth. */
  readonly documents: () => Readonly<Record<string, string>>;
  readonly dependsOn: readonly TerraformData[];
  /** What its machines need beside their roles. @default - nothing */
  readonly contribution?: Contribution;
}

/** Programs of vendors that a backend may offer to its machines. */
export type SoftwareName = "consul" | "nomad" | "consul-template" | "cni-plugins";

/** A vendor's program at an address that machines of the backend reach. */
export interface Software {
  /** Version without a leading "v": `1.14.11`. */
  readonly version: string;
  /** A single program; `cni-plugins` is a tar.gz of several. */
  readonly url: string;
  /**
   * Hexadecimal SHA-256 of what the URL leads to. A backend may give the URL of a list that `sha256sum` wrote, which holds the
   * file's name: then the machine trusts the server of the list.
   */
  readonly sha256: string;
}

/**
 * Turns the model of a machine into a machine: {@link LabBackend} boots one, {@link OrbStackBackend} asks OrbStack for one,
 * {@link SshBackend} prepares a host that exists.
 */
export interface IBackend extends IConstruct {
  /** How the operator and `vipstack up` reach its machines. */
  readonly access: MachineAccess;
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
  /** @internal */
  _bind(machine: MachineDescription): MachineLifecycle;
}

/** How the machines of a backend are reached: `ssh [-F configFile] NAME`, or a command of the backend's own. */
export interface MachineAccess {
  readonly kind: "lab" | "ssh" | "orbstack";
  /** @default - the user's own ssh configuration */
  readonly sshConfigFile?: string;
  /** The lab's state folder. @default - not a lab */
  readonly labDirectory?: string;
  /** Ports of this host's loopback that lead to machines. @default - none */
  readonly forwards?: readonly { readonly listen: number; readonly to: string }[];
}
