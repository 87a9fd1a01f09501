import { describeFailure, Failure } from "../private/failure";
import { ADDRESS_FILE, ADDRESSES_UNIT } from "./address-file";
import { Contribution, LiveFile, MachineFile, PortClaim, Sysctl, Unit } from "./contribution";

export interface CloudInitProps {
  /** @default - the machine keeps the name it has */
  readonly hostname?: string;
  /** cloud-init's own `apt` settings (mirrors, sources, proxy). @default - the machine's own */
  readonly apt?: Record<string, unknown>;
}

/**
 * What a machine is, as a pure model: packages, kernel modules, sysctls, files, units, commands. Roles add to it; two roles
 * that want different things are an error that names both.
 *
 * Rendered to `#cloud-config` by `renderCloudConfig` and to one shell script by `renderSetupScript`.
 *
 * @see https://cloudinit.readthedocs.io/en/latest/reference/modules.html
 */
export class CloudInit {
  readonly hostname?: string;
  readonly apt?: Record<string, unknown>;
  private readonly parts: { owner: string; part: Contribution }[] = [];

  constructor(props: CloudInitProps = {}) {
    this.hostname = props.hostname;
    this.apt = props.apt;
  }

  /**
   * Adds what a role brings.
   *
   * @param owner names the role in conflicts, e.g. its construct path
   * @returns the conflicts with what is there; where there are any, nothing was added
   */
  contribute(owner: string, part: Contribution): Failure[] {
    const conflicts = [
      ...this.conflictsOf(
        owner,
        part,
        "files",
        filesOf,
        (f) => f.path,
        (f) => `${f.mode ?? "0644"} ${f.content}`,
      ),
      ...this.conflictsOf(
        owner,
        part,
        "sysctls",
        (p) => p.sysctls ?? [],
        (s) => s.key,
        (s) => s.value,
      ),
      ...this.portConflicts(owner, part),
    ];
    if (conflicts.length === 0) this.parts.push({ owner, part });
    return conflicts;
  }

  /** {@link contribute}, for use without constructs. @throws Error naming both owners */
  add(owner: string, part: Contribution): this {
    const conflicts = this.contribute(owner, part);
    if (conflicts.length > 0) throw new Error(`${owner}: ${conflicts.map(describeFailure).join("; ")}`);
    return this;
  }

  get packages(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.packages ?? [])).sort();
  }

  /** In the order they were asked for: a scheduler's module follows `ip_vs`. */
  get kernelModules(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.kernelModules ?? []));
  }

  get sysctls(): Sysctl[] {
    return uniqueBy(
      this.parts.flatMap(({ part }) => part.sysctls ?? []),
      (sysctl) => sysctl.key,
    );
  }

  get files(): MachineFile[] {
    return uniqueBy(
      this.parts.flatMap(({ part }) => part.files ?? []),
      (file) => file.path,
    );
  }

  get units(): Unit[] {
    return uniqueBy(
      this.parts.flatMap(({ part }) => part.units ?? []),
      (unit) => unit.name,
    );
  }

  /** The address file among them, where a role has added a line to it. */
  get liveFiles(): LiveFile[] {
    const addresses = this.addresses.map((line) => `${line}\n`).join("");
    const own = addresses === "" ? [] : [{ path: ADDRESS_FILE, content: addresses, reloads: ADDRESSES_UNIT }];
    return uniqueBy([...own, ...this.parts.flatMap(({ part }) => part.liveFiles ?? [])], (file) => file.path);
  }

  get addresses(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.addresses ?? []));
  }

  get commands(): string[] {
    return this.parts.flatMap(({ part }) => part.commands ?? []);
  }

  get ready(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.ready ?? []));
  }

  private conflictsOf<T>(
    owner: string,
    part: Contribution,
    property: string,
    itemsOf: (part: Contribution) => readonly T[],
    keyOf: (item: T) => string,
    valueOf: (item: T) => string,
  ): Failure[] {
    const failures: Failure[] = [];
    for (const item of itemsOf(part)) {
      for (const other of this.parts) {
        const clash = itemsOf(other.part).find(
          (theirs) => keyOf(theirs) === keyOf(item) && valueOf(theirs) !== valueOf(item),
        );
        if (clash === undefined) continue;
        const values = property === "sysctls" ? ` (${valueOf(clash)} there, ${valueOf(item)} here)` : "";
        failures.push({
          property,
          rule: `can't give ${keyOf(item)} another content than ${other.owner} does${values}`,
          cure: `put ${owner} and ${other.owner} on machines of their own, or let one of them leave it out`,
        });
      }
    }
    return failures;
  }

  private portConflicts(owner: string, part: Contribution): Failure[] {
    return (part.ports ?? []).flatMap((port) =>
      this.parts
        .filter((other) => other.part.ports?.some((theirs) => samePort(theirs, port)))
        .map((other) => ({
          property: "ports",
          rule: `can't claim ${port.protocol} port ${port.port}, which ${other.owner} listens on`,
          cure: `give ${owner} or ${other.owner} another port, or another machine`,
        })),
    );
  }
}

function filesOf(part: Contribution): MachineFile[] {
  const units = (part.units ?? []).flatMap(({ name, content }) =>
    content === undefined ? [] : [{ path: `/etc/systemd/system/${name}`, content }],
  );
  return [...(part.files ?? []), ...(part.liveFiles ?? []), ...units];
}

function samePort(a: PortClaim, b: PortClaim): boolean {
  const meets = a.address === undefined || b.address === undefined || a.address === b.address;
  return a.protocol === b.protocol && a.port === b.port && meets;
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
