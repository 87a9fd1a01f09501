import { Contribution, IMachine, Software, SoftwareName } from "../machine";
import { catalogueOf } from "../private/catalogue";
import { Failure } from "../private/failure";
import { Validation } from "../private/validation";
import { isVersion } from "../private/version";

/** Version and key of the vendor's package archive. */
export interface VendorAptOptions {
  /** Version of the program: `1.14.11`. The package's own `-1` is added. */
  readonly version: string;
  /** The vendor's public key as armored text, from `curl https://apt.releases.hashicorp.com/gpg`. */
  readonly key: string;
  /** Code name of the distribution. @default "bookworm" */
  readonly suite?: string;
}

/** Variant of a vendor's release. */
export interface ReleaseOptions {
  /** Processor of the machine. A lab's machines are always amd64. @default "amd64" */
  readonly architecture?: "amd64" | "arm64";
}

/** What a machine gets for a program. */
export interface Installed {
  readonly version: string;
  /** Absolute path of the program. */
  readonly program: string;
  readonly contribution: Contribution;
}

/** Installation of a vendor's program on a machine, in one exact version. */
export abstract class Installation {
  /**
   * Installs from the vendor's package archive. The package is held at this version.
   *
   * @see https://developer.hashicorp.com/consul/install
   */
  static vendorApt(options: VendorAptOptions): Installation {
    return new VendorApt(options);
  }

  /** Installs from any URL. A `.zip`, `.tar.gz` or `.tgz` must contain the program under its name. A wrong sha256 stops the first boot. */
  static url(software: Software): Installation {
    return new FromUrl(software);
  }

  /**
   * Installs the vendor's release, checked by a sum that this package knows. In a lab, the lab serves it: a file that was added there, else
   * one that its host fetches.
   *
   * Nomad from 1.6.4 and Consul from 1.17 on are not open source; `vipstack up` prints each program's licence.
   *
   * @param version one of docs/programs.md; in a lab also any version that was added there
   * @see https://releases.hashicorp.com
   */
  static release(version: string, options: ReleaseOptions = {}): Installation {
    return new VendorRelease(version, options);
  }

  /** @internal */
  protected constructor(
    /** The version that it installs: `1.14.11`. */
    readonly version: string,
  ) {}

  /** What it is for one program on one machine. @internal */
  abstract _for(name: SoftwareName, machine: IMachine): Installation;

  /** Records what is wrong with it. @internal */
  _validate(validation: Validation): void {
    validation.add(...this._failures("install"));
  }

  /** What is wrong with it. @param property that has it @internal */
  _failures(property: string): Failure[] {
    if (isVersion(this.version)) return [];
    return [
      {
        property,
        rule: "must name a version of three numbers",
        got: this.version,
        cure: "write it like '1.14.11'; a word like 'latest' would make two machines different",
      },
    ];
  }

  /** What a machine gets of it; only for what {@link _for} returned, once it passed its checks. @internal */
  abstract _of(name: SoftwareName): Installed;
}

/** The installation that was asked for, else what the machine's backend offers. It may be one that does not pass its checks. */
export function installationFor(name: SoftwareName, machine: IMachine, asked: Installation | undefined): Installation {
  if (asked !== undefined) return asked._for(name, machine);
  // Only where nothing was asked for: what a backend is asked for, it builds.
  const offered = machine.software(name);
  if (offered !== undefined) return new Offered(offered);
  return new Unavailable("", {
    rule: `must say where ${name} comes from: the backend of ${machine.name} has none to offer`,
    cure: "Installation.release(version), Installation.vendorApt({ version, key }), or Installation.url({ url, sha256, version })",
  });
}

/** No installation: what was asked for can't be had. */
class Unavailable extends Installation {
  constructor(
    version: string,
    private readonly failure: Omit<Failure, "property">,
  ) {
    super(version);
  }

  _for(): this {
    return this;
  }

  override _failures(property: string): Failure[] {
    return [{ property, ...this.failure }];
  }

  _of(): Installed {
    throw new Error("assumption broken: an installation is used before its checks passed");
  }
}

class VendorApt extends Installation {
  constructor(private readonly options: VendorAptOptions) {
    super(options.version);
  }

  override _failures(property: string): Failure[] {
    const failures = super._failures(property);
    if (this.options.key.includes("-----BEGIN PGP PUBLIC KEY BLOCK-----")) return failures;
    const rule = "must hold the archive's public key as armored text";
    const cure = "paste what the vendor publishes, from '-----BEGIN PGP PUBLIC KEY BLOCK-----' on";
    return [...failures, { property, rule, cure }];
  }

  _for(): this {
    return this;
  }

  _of(name: SoftwareName): Installed {
    const { version, key, suite = "bookworm" } = this.options;
    const source = { name: "hashicorp", uri: "https://apt.releases.hashicorp.com", suite, components: ["main"], key };
    return {
      version,
      program: `/usr/bin/${name}`,
      contribution: {
        aptSources: [{ ...source, pins: { [name]: `${version}-1` } }],
        packages: [`${name}=${version}-1`],
      },
    };
  }
}

class FromUrl extends Installation {
  constructor(private readonly software: Software) {
    super(software.version);
  }

  override _failures(property: string): Failure[] {
    const failures = super._failures(property);
    const { sha256 } = this.software;
    if (/^[0-9a-f]{64}$/i.test(sha256)) return failures;
    const rule = "must have a sha256 of 64 hexadecimal digits";
    return [...failures, { property, rule, got: sha256, cure: "sha256sum FILE prints it" }];
  }

  _for(): this {
    return this;
  }

  _of(name: SoftwareName): Installed {
    const { url, sha256, version } = this.software;
    const program = `/usr/local/bin/${name}`;
    const archive = url.endsWith(".zip") ? "zip" : /\.(tar\.gz|tgz)$/.test(url) ? "tar.gz" : undefined;
    const unpack = archive === undefined ? {} : ({ unpack: archive, member: name } as const);
    return { version, program, contribution: { downloads: [{ url, sha256, path: program, version, ...unpack }] } };
  }
}

/** What a backend vouches for: it is not checked. */
class Offered extends FromUrl {
  override _failures(): Failure[] {
    return [];
  }
}

class VendorRelease extends Installation {
  constructor(
    version: string,
    private readonly options: ReleaseOptions,
  ) {
    super(version);
  }

  override _for(name: SoftwareName, machine: IMachine): Installation {
    const { version } = this;
    if (!isVersion(version)) return this;
    const offered = machine.software(name, version);
    if (offered?.version === version) return new Offered(offered);
    const known = catalogueOf(name).filter(({ release }) => release !== undefined);
    const { architecture = "amd64" } = this.options;
    const sha256 = known.find((one) => one.version === version)?.release?.[architecture];
    if (sha256 === undefined) {
      return new Unavailable(version, {
        rule: `must be a release of ${name} whose sum is known: ${known.map((one) => one.version).join(", ")}`,
        got: version,
        cure: "choose one of them, or give the sum yourself: Installation.url({ url, sha256, version })",
      });
    }
    const file = `${name}_${version}_linux_${architecture}.zip`;
    return new FromUrl({ version, sha256, url: `https://releases.hashicorp.com/${name}/${version}/${file}` });
  }

  _of(): Installed {
    throw new Error("assumption broken: a release becomes a download before it is installed");
  }
}
