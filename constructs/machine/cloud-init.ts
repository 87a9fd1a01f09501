import { describeFailure, Failure } from "../private/failure";
import { ADDRESS_FILE, ADDRESSES_UNIT } from "./address-file";
import {
  Contribution,
  Download,
  LazyContribution,
  LiveFile,
  MachineFile,
  PortClaim,
  Sysctl,
  Unit,
} from "./contribution";

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
  private readonly sources: { owner: string; part: LazyContribution }[] = [];

  constructor(props: CloudInitProps = {}) {
    this.hostname = props.hostname;
    this.apt = props.apt;
  }

  /**
   * Adds what a role brings.
   *
   * @param owner names the role in conflicts, e.g. its construct path
   * @param part a function where the role still grows; it is called whenever the model is read
   * @returns the conflicts with what is there; where there are any, nothing was added. Those of a function are found by
   * {@link conflicts}.
   */
  contribute(owner: string, part: LazyContribution): Failure[] {
    const known = this.sources.flatMap(({ owner, part }) => (typeof part === "function" ? [] : [{ owner, part }]));
    const conflicts = typeof part === "function" ? [] : conflictsWith(known, { owner, part });
    if (conflicts.length === 0) this.sources.push({ owner, part });
    return conflicts;
  }

  /** Every two roles that want different things, as the model is now. */
  conflicts(): { readonly owner: string; readonly failure: Failure }[] {
    const parts = this.parts;
    return parts.flatMap((part, index) =>
      conflictsWith(parts.slice(0, index), part).map((failure) => ({ owner: part.owner, failure })),
    );
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

  get downloads(): Download[] {
    return uniqueBy(
      this.parts.flatMap(({ part }) => part.downloads ?? []),
      (download) => download.path,
    );
  }

  get generated(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.generated ?? []));
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

  /** The address file among them, where a role gives addresses, be it none yet. */
  get liveFiles(): LiveFile[] {
    const content = this.addresses.map((line) => `${line}\n`).join("");
    const kept = this.parts.some(({ part }) => part.addresses !== undefined);
    const own = kept ? [{ path: ADDRESS_FILE, content, reloads: ADDRESSES_UNIT }] : [];
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

  private get parts(): Part[] {
    return this.sources.map(({ owner, part }) => ({ owner, part: typeof part === "function" ? part() : part }));
  }
}

interface Part {
  readonly owner: string;
  readonly part: Contribution;
}

function conflictsWith(others: readonly Part[], { owner, part }: Part): Failure[] {
  return others.flatMap((other) => [
    ...clashes(
      "files",
      filesOf,
      (f) => f.path,
      (f) => `${f.mode ?? "0644"} ${f.content}`,
    )(other, { owner, part }),
    ...clashes(
      "sysctls",
      (p) => p.sysctls ?? [],
      (s) => s.key,
      (s) => s.value,
    )(other, { owner, part }),
    ...portClashes(other, { owner, part }),
  ]);
}

function clashes<T>(
  property: string,
  itemsOf: (part: Contribution) => readonly T[],
  keyOf: (item: T) => string,
  valueOf: (item: T) => string,
): (theirs: Part, ours: Part) => Failure[] {
  return (theirs, ours) => {
    const there = new Map(itemsOf(theirs.part).map((item) => [keyOf(item), valueOf(item)]));
    return itemsOf(ours.part).flatMap((item) => {
      const value = there.get(keyOf(item));
      if (value === undefined || value === valueOf(item)) return [];
      const values = property === "sysctls" ? ` (${value} there, ${valueOf(item)} here)` : "";
      return [
        {
          property,
          rule: `can't give ${keyOf(item)} another content than ${theirs.owner} does${values}`,
          cure: `put ${ours.owner} and ${theirs.owner} on machines of their own, or let one of them leave it out`,
        },
      ];
    });
  };
}

function portClashes(theirs: Part, ours: Part): Failure[] {
  return (ours.part.ports ?? [])
    .filter((port) => theirs.part.ports?.some((other) => samePort(other, port)))
    .map((port) => ({
      property: "ports",
      rule: `can't claim ${port.protocol} port ${port.port}, which ${theirs.owner} listens on`,
      cure: `give ${ours.owner} or ${theirs.owner} another port, or another machine`,
    }));
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
