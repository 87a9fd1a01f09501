import { durationOf, secondsOf } from "../private/duration";
import { describeFailure, Failure } from "../private/failure";
import { ADDRESS_FILE, ADDRESSES_UNIT } from "./address-file";
import { conflictsWith, packageName, Part, SECRET_MODE } from "./conflicts";
import type { Contribution, LazyContribution, ReadyCheck, Sysctl } from "./contribution";
import type { LiveFile, MachineFile } from "./machine-file";
import type { PortClaim } from "./port-claim";
import type { Unit } from "./unit";
import type { AptSource, Download } from "./software";
import { farewellCommands, farewellProgram } from "./farewell";
import { HOST_NAME_RULE, isHostName } from "./text";
import { downloadTools } from "./render/software";
import { contributionFailures } from "./contribution";

/** A secret of a machine, with every unit that reads it. */
export interface MachineSecret {
  readonly path: string;
  readonly content: string;
  readonly mode: string;
  readonly units: readonly string[];
}

/** Properties of the model of a machine. */
export interface CloudInitProps {
  /** Host name. @default - the machine keeps its name */
  readonly hostname?: string;
  /** Address to which the machine's own name resolves, unless it has another entry already. @default - no entry is made */
  readonly address?: string;
  /** cloud-init's own `apt` settings (mirrors, sources, proxy). @default - the machine's own */
  readonly apt?: Record<string, unknown>;
}

/**
 * Pure model of a machine: packages, kernel modules, sysctls, files, units, commands. Roles add to it; two roles that contradict each
 * other are an error that names both.
 *
 * Rendered to `#cloud-config` by `renderCloudConfig` and to one shell script by `renderSetupScript`.
 *
 * @see https://cloudinit.readthedocs.io/en/latest/reference/modules.html
 */
export class CloudInit {
  /** Host name. @default - the machine keeps its name */
  readonly hostname?: string;
  /** Address to which the machine's own name resolves. @default - no entry is made */
  readonly address?: string;
  /** cloud-init's own `apt` settings. @default - the machine's own */
  readonly apt?: Record<string, unknown>;
  private readonly sources: { owner: string; part: LazyContribution }[] = [];
  private firewall?: { readonly owner: string; readonly draw: (claims: readonly PortClaim[]) => Contribution };

  /** @throws Error where the name is no host name */
  constructor(props: CloudInitProps = {}) {
    if (props.hostname !== undefined && !isHostName(props.hostname)) {
      throw new Error(
        `CloudInit: ${describeFailure({ property: "hostname", ...HOST_NAME_RULE, got: props.hostname })}`,
      );
    }
    this.hostname = props.hostname;
    this.address = props.address;
    this.apt = props.apt;
  }

  /**
   * Adds the contribution of a role.
   *
   * @param owner names the role in conflicts, e.g. its construct path
   * @param part a function if the role still grows; it is called whenever the model is read
   * @returns invalid parts, and conflicts with other roles; if there are any, nothing was added. Those of a function are returned by
   * {@link failures}.
   */
  contribute(owner: string, part: LazyContribution): Failure[] {
    const known = this.sources.flatMap(({ owner, part }) => (typeof part === "function" ? [] : [{ owner, part }]));
    const failures = typeof part === "function" ? [] : failuresOf(known, { owner, part });
    if (failures.length === 0) this.sources.push({ owner, part });
    return failures;
  }

  /** Invalid parts, and all pairs of roles that contradict each other, in the present model. */
  failures(): { readonly owner: string; readonly failure: Failure }[] {
    const parts = this.parts;
    return parts.flatMap((part, index) =>
      [...failuresOf(parts.slice(0, index), part), ...this.openFailures(part)].map((failure) => ({
        owner: part.owner,
        failure,
      })),
    );
  }

  /**
   * Adds the contribution that is made of the ports that all roles claim.
   *
   * @param owner names it in conflicts
   * @internal
   */
  _contributeFirewall(owner: string, draw: (claims: readonly PortClaim[]) => Contribution): void {
    this.firewall = { owner, draw };
  }

  /** What a role wants to have closed, where nothing closes it. */
  private openFailures({ part }: Part): Failure[] {
    if (this.firewall !== undefined) return [];
    return (part.ports ?? [])
      .filter(({ from }) => from !== undefined)
      .map(({ protocol, port }) => ({
        property: "ports",
        rule: `can't limit who reaches ${protocol} port ${port} ('from') on a machine without a firewall`,
        cure: "call Firewall.of(machine, role) in the role, too, or leave out 'from'",
      }));
  }

  /** The same as {@link contribute}, for use without constructs. @throws Error that names the owner, or both in a conflict */
  add(owner: string, part: Contribution): this {
    const failures = this.contribute(owner, part);
    if (failures.length > 0) throw new Error(`${owner}: ${failures.map(describeFailure).join("; ")}`);
    return this;
  }

  /** The titles of its roles. */
  get titles(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.title ?? []));
  }

  /** Debian packages, those of downloads that have to be unpacked included. */
  get packages(): string[] {
    const asked = [...this.parts.flatMap(({ part }) => part.packages ?? []), ...downloadTools(this.downloads)];
    const versioned = new Set(asked.filter((name) => name.includes("=")).map(packageName));
    return unique(asked.filter((name) => name.includes("=") || !versioned.has(name))).sort();
  }

  /** Package archives. Two roles may hold different packages of one archive. */
  get aptSources(): AptSource[] {
    const asked = this.parts.flatMap(({ part }) => part.aptSources ?? []);
    return uniqueBy(asked, ({ name }) => name).map((source) => {
      const pins = asked.filter(({ name }) => name === source.name).map((each) => each.pins ?? {});
      return { ...source, pins: Object.assign({}, ...pins) as Record<string, string> };
    });
  }

  /** Downloads, each path once. */
  get downloads(): Download[] {
    return uniqueBy(
      this.parts.flatMap(({ part }) => part.downloads ?? []),
      ({ path }) => path,
    );
  }

  /** System users. */
  get users(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.users ?? []));
  }

  /** Shell patterns of files that the roles' programs write. */
  get generated(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.generated ?? []));
  }

  /** Kernel modules in the order of the contributions: a scheduler's module follows `ip_vs`. */
  get kernelModules(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.kernelModules ?? []));
  }

  /** Kernel settings, each key once. */
  get sysctls(): Sysctl[] {
    return uniqueBy(
      this.parts.flatMap(({ part }) => part.sysctls ?? []),
      (sysctl) => sysctl.key,
    );
  }

  /** Files, each path once; with the program of {@link beforeRemoval} if a role has something to do then. */
  get files(): MachineFile[] {
    const { beforeRemoval } = this;
    const own = beforeRemoval.length === 0 ? [] : [farewellProgram(beforeRemoval)];
    return uniqueBy([...own, ...this.parts.flatMap(({ part }) => part.files ?? [])], (file) => file.path);
  }

  /** systemd units, each name once. */
  get units(): Unit[] {
    return uniqueBy(
      this.parts.flatMap(({ part }) => part.units ?? []),
      (unit) => unit.name,
    );
  }

  /** Live files; the address file is among them if a role has `addresses`, even an empty list. */
  get liveFiles(): LiveFile[] {
    const content = this.addresses.map((line) => `${line}\n`).join("");
    const kept = this.parts.some(({ part }) => part.addresses !== undefined);
    const own = kept ? [{ path: ADDRESS_FILE, content, reloads: ADDRESSES_UNIT }] : [];
    return uniqueBy([...own, ...this.parts.flatMap(({ part }) => part.liveFiles ?? [])], (file) => file.path);
  }

  /** Secrets, each path once: two roles may read the same one. The index in this list is the number of its variable. */
  get secrets(): MachineSecret[] {
    const asked = this.parts.flatMap(({ part }) => part.secrets ?? []);
    return uniqueBy(asked, ({ path }) => path).map(({ path, content, mode = SECRET_MODE }) => ({
      path,
      content,
      mode,
      units: unique(asked.filter((other) => other.path === path).map(({ reloads }) => reloads)),
    }));
  }

  /** Lines of the address file. */
  get addresses(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.addresses ?? []));
  }

  /** Memory in MiB that roles need, by role: `test/box/docker`. */
  get memory(): { readonly owner: string; readonly memoryMiB: number }[] {
    return this.parts.flatMap(({ owner, part: { memoryMiB } }) =>
      memoryMiB === undefined ? [] : [{ owner, memoryMiB }],
    );
  }

  /** Shell commands of the first boot. */
  get commands(): string[] {
    return this.parts.flatMap(({ part }) => part.commands ?? []);
  }

  /** Shell commands run before the machine is removed, in order. */
  get beforeRemoval(): string[] {
    const steps = this.parts.flatMap(({ part }) => part.beforeRemoval ?? []);
    return farewellCommands({
      withdraw: steps.flatMap(({ withdraw = [] }) => withdraw),
      stop: steps.flatMap(({ stop = [] }) => stop),
    });
  }

  /** Conditions that end the first boot, each once, with the longest of its waits. */
  get ready(): Required<ReadyCheck>[] {
    const asked = this.parts
      .flatMap(({ part }) => part.ready ?? [])
      .map((each) => (typeof each === "string" ? { check: each, timeout: "60s" } : { timeout: "60s", ...each }));
    return uniqueBy(asked, ({ check }) => check).map(({ check }) => ({
      check,
      timeout: durationOf(
        Math.max(...asked.filter((other) => other.check === check).map(({ timeout }) => secondsOf(timeout))),
      ),
    }));
  }

  private get parts(): Part[] {
    const parts = this.sources.map(({ owner, part }) => ({ owner, part: typeof part === "function" ? part() : part }));
    if (this.firewall === undefined) return parts;
    const { owner, draw } = this.firewall;
    return [...parts, { owner, part: draw(parts.flatMap(({ part }) => part.ports ?? [])) }];
  }
}

function failuresOf(others: readonly Part[], own: Part): Failure[] {
  return [...contributionFailures(own.part), ...conflictsWith(others, own)];
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
