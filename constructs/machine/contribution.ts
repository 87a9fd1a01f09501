/**
 * What a role brings to a machine. Everything here is **boot** content (a change replaces the machine), except
 * {@link Contribution.liveFiles} and {@link Contribution.addresses}, which are pushed to the running machine.
 */
export interface Contribution {
  /** Debian package names. */
  readonly packages?: readonly string[];
  /** Files from elsewhere, checked before they get their place. */
  readonly downloads?: readonly Download[];
  /** Kernel modules, loaded at every boot before the sysctls are set. */
  readonly kernelModules?: readonly string[];
  readonly sysctls?: readonly Sysctl[];
  readonly files?: readonly MachineFile[];
  readonly units?: readonly Unit[];
  readonly liveFiles?: readonly LiveFile[];
  /**
   * Lines of the machine's address file: virtual addresses and routes. Live. An empty list already puts the file there, so
   * that a first line that comes later replaces no machine.
   */
  readonly addresses?: readonly string[];
  /** Ports that the role listens on; two roles can't claim the same. */
  readonly ports?: readonly PortClaim[];
  /** Shell patterns of files that the role's programs write; the teardown of a host that exists removes them. */
  readonly generated?: readonly string[];
  /** Shell commands run once at the first boot, after the units were started. */
  readonly commands?: readonly string[];
  /** Shell commands that succeed once the role works; the first boot waits for each, up to a minute. */
  readonly ready?: readonly string[];
}

/** A contribution, or a function where the role still grows after its construction; it is called at synth. */
export type LazyContribution = Contribution | (() => Contribution);

/** A kernel setting, and why it is set: the reason is written beside it on the machine. */
export interface Sysctl {
  readonly key: string;
  readonly value: string;
  readonly reason: string;
}

export interface MachineFile {
  /** Absolute path. */
  readonly path: string;
  readonly content: string;
  /** Octal. @default "0644" */
  readonly mode?: string;
}

/** A file that the machine fetches. */
export interface Download {
  readonly url: string;
  /** Of what the URL gives, in hexadecimal digits. */
  readonly sha256: string;
  /** Absolute path of the file; with `unpack` and no `member`, of the folder. */
  readonly path: string;
  /** Octal. @default "0755" */
  readonly mode?: string;
  /** @default - it is the file itself */
  readonly unpack?: "zip" | "tar.gz";
  /** The one file of the archive that is wanted. @default - all of it */
  readonly member?: string;
}

/** A file that changes while the machine runs. */
export interface LiveFile extends MachineFile {
  /** The systemd unit that is reloaded after a change. */
  readonly reloads: string;
}

export interface Unit {
  /** With its suffix: `vipstack-ipvs.service`. */
  readonly name: string;
  /** The unit file's text. @default - the unit comes with a package; it is only enabled */
  readonly content?: string;
  /** Whether it is enabled and started. @default true */
  readonly enable?: boolean;
}

export interface PortClaim {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  /** @default - every address of the machine */
  readonly address?: string;
}
