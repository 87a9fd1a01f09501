/**
 * What a role brings to a machine. Everything here is **boot** content (a change replaces the machine), except
 * {@link Contribution.liveFiles} and {@link Contribution.addresses}, which are pushed to the running machine, and
 * {@link Contribution.secrets}, which only Terraform knows.
 */
export interface Contribution {
  /** The title of the role in tables: `Consul server`. @default - none */
  readonly title?: string;
  /** Debian package names, with a version where it has to be that one: `consul=1.14.11-1`. */
  readonly packages?: readonly string[];
  /** Package archives beside the distribution's own. */
  readonly aptSources?: readonly AptSource[];
  /** Programs that no package brings; each is put in place only after its sha256 was verified. */
  readonly downloads?: readonly Download[];
  /** System users without a login, made before the units that run as them are started. */
  readonly users?: readonly string[];
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
  /**
   * Files whose content must stay secret on the way: keys, tokens. They are in no user-data; the first boot is over
   * before they come. A unit that needs one must not hold up or fail that boot: give it `wait: false` and no `ready`,
   * and `ConditionPathExists=` of the paths in its text (in a drop-in among `files` where it comes with a package), so
   * that it is left out until then. It is started once its secrets are there, and at every later boot.
   */
  readonly secrets?: readonly SecretFile[];
  /** Ports that the role listens on; two roles can't claim the same. */
  readonly ports?: readonly PortClaim[];
  /** Shell patterns of files that the role's programs write; the teardown of a host that exists removes them. */
  readonly generated?: readonly string[];
  /** Shell commands run once at the first boot, after the units were started. */
  readonly commands?: readonly string[];
  /** Shell commands that succeed once the role works; the first boot waits for each, up to a minute by default. */
  readonly ready?: readonly (string | ReadyCheck)[];
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

/** A file that changes while the machine runs. */
export interface LiveFile extends MachineFile {
  /** The systemd unit that is reloaded after a change. */
  readonly reloads: string;
}

/** A file that Terraform brings to the running machine, again when its content changed or the machine was replaced. */
export interface SecretFile {
  /** Absolute path. The file is root's; a unit with another user reads it by systemd's `LoadCredential=`. */
  readonly path: string;
  /**
   * The value of a sensitive variable, with text around it where that is no secret itself:
   * `new TerraformVariable(stack, "key", { type: "string", sensitive: true }).stringValue`. Two roles that share a file
   * give the same string. No NUL character, and at most 128 KiB: it travels in an environment variable.
   */
  readonly content: string;
  /** Octal. @default "0600" */
  readonly mode?: string;
  /** The systemd unit that is reloaded (restarted, where it can't) after a change, and started where it doesn't run. */
  readonly reloads: string;
}

export interface Unit {
  /** With its suffix: `vipstack-ipvs.service`. */
  readonly name: string;
  /** The unit file's text. @default - the unit comes with a package; it is only enabled */
  readonly content?: string;
  /** Whether it is enabled and started. @default true */
  readonly enable?: boolean;
  /**
   * Whether the first boot waits until it has started. `false` where the start itself waits for other machines, which may boot
   * later: then `ready` limits the wait. @default true
   */
  readonly wait?: boolean;
}

/** A file that is fetched at the first boot. It is not fetched where a file with that sum is in place already. */
export interface Download {
  readonly url: string;
  /**
   * Of what the URL gives, 64 hexadecimal digits; or the URL of a list that `sha256sum` wrote, which holds the file's name, where
   * only the machine's own network knows it. Another sum stops the first boot.
   */
  readonly sha256: string;
  /** Absolute path of the file; of the folder that it is unpacked into where `unpack` is given without `member`. */
  readonly path: string;
  /** Octal. @default "0755" */
  readonly mode?: string;
  /** @default - the file is what is wanted */
  readonly unpack?: "zip" | "tar.gz";
  /** The only file of the archive that is wanted. @default - all of them, and `path` is a folder */
  readonly member?: string;
}

/**
 * A package archive, as a file of `/etc/apt/sources.list.d` with its key beside it: the same for cloud-init and for a host
 * that exists, and without gnupg, which cloud-init's own `apt.sources` would need.
 *
 * @see https://manpages.debian.org/sources.list.5
 */
export interface AptSource {
  /** Names its files. */
  readonly name: string;
  readonly uri: string;
  /** Mostly the distribution's code name: `bookworm`. */
  readonly suite: string;
  readonly components: readonly string[];
  /** Its public key as armored text; only this archive is trusted by it. */
  readonly key: string;
  /** Package to the version that it stays at, whatever newer one the archive has. @default - none is held */
  readonly pins?: Readonly<Record<string, string>>;
}

export interface ReadyCheck {
  /** Shell command that succeeds once it is true. */
  readonly check: string;
  /** How long the first boot waits for it. @default 60 */
  readonly seconds?: number;
}

export interface PortClaim {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
  /** @default - every address of the machine */
  readonly address?: string;
}
