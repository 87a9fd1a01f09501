import { describeFailure, Failure } from "../private/failure";
import { ADDRESS_FILE, ADDRESSES_UNIT } from "./address-file";
import { conflictsWith, packageName, Part, SECRET_MODE } from "./conflicts";
import type { Contribution, LazyContribution, LiveFile, MachineFile, ReadyCheck, Sysctl, Unit } from "./contribution";
import type { AptSource, Download } from "./software";
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

export interface CloudInitProps {
  /** @default - the machine keeps the name it has */
  readonly hostname?: string;
  /** The machine's own address, to which its name resolves unless another entry there has it. @default - its name is not touched */
  readonly address?: string;
  /** cloud-init's own `apt` settings (mirrors, sources, proxy). @default - the machine's own */
  readonly apt?: Record<string, unknown>;
}

/**
 * What a machine is, as a pure model: packages, kernel modules, sysctls, files, units, commands. Roles add to it; two roles
 * that contradict each other are an error that names both.
 *
 * Rendered to `#cloud-config` by `renderCloudConfig` and to one shell script by `renderSetupScript`.
 *
 * @see https://cloudinit.readthedocs.io/en/latest/reference/modules.html
 */
export class CloudInit {
  readonly hostname?: string;
  readonly address?: string;
  readonly apt?: Record<string, unknown>;
  private readonly sources: { owner: string; part: LazyContribution }[] = [];

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
   * Adds what a role brings.
   *
   * @param owner names the role in conflicts, e.g. its construct path
   * @param part a function where the role still grows; it is called whenever the model is read
   * @returns what is invalid in it, and its conflicts with what is there; where there are any, nothing was added. Those
   * of a function are found by {@link failures}.
   */
  contribute(owner: string, part: LazyContribution): Failure[] {
    const known = this.sources.flatMap(({ owner, part }) => (typeof part === "function" ? [] : [{ owner, part }]));
    const failures = typeof part === "function" ? [] : failuresOf(known, { owner, part });
    if (failures.length === 0) this.sources.push({ owner, part });
    return failures;
  }

  /** What is invalid, and every two roles that contradict each other, as the model is now. */
  failures(): { readonly owner: string; readonly failure: Failure }[] {
    const parts = this.parts;
    return parts.flatMap((part, index) =>
      failuresOf(parts.slice(0, index), part).map((failure) => ({ owner: part.owner, failure })),
    );
  }

  /** {@link contribute}, for use without constructs. @throws Error that names the owner, in a conflict both */
  add(owner: string, part: Contribution): this {
    const failures = this.contribute(owner, part);
    if (failures.length > 0) throw new Error(`${owner}: ${failures.map(describeFailure).join("; ")}`);
    return this;
  }

  /** The titles of its roles. */
  get titles(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.title ?? []));
  }

  get packages(): string[] {
    const asked = [...this.parts.flatMap(({ part }) => part.packages ?? []), ...downloadTools(this.downloads)];
    const versioned = new Set(asked.filter((name) => name.includes("=")).map(packageName));
    return unique(asked.filter((name) => name.includes("=") || !versioned.has(name))).sort();
  }

  /** Two roles may hold different packages of one archive. */
  get aptSources(): AptSource[] {
    const asked = this.parts.flatMap(({ part }) => part.aptSources ?? []);
    return uniqueBy(asked, ({ name }) => name).map((source) => {
      const pins = asked.filter(({ name }) => name === source.name).map((each) => each.pins ?? {});
      return { ...source, pins: Object.assign({}, ...pins) as Record<string, string> };
    });
  }

  get downloads(): Download[] {
    return uniqueBy(
      this.parts.flatMap(({ part }) => part.downloads ?? []),
      ({ path }) => path,
    );
  }

  get users(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.users ?? []));
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

  /** Each path once: two roles may read the same one. Their place in this list is the number of their variable. */
  get secrets(): MachineSecret[] {
    const asked = this.parts.flatMap(({ part }) => part.secrets ?? []);
    return uniqueBy(asked, ({ path }) => path).map(({ path, content, mode = SECRET_MODE }) => ({
      path,
      content,
      mode,
      units: unique(asked.filter((other) => other.path === path).map(({ reloads }) => reloads)),
    }));
  }

  get addresses(): string[] {
    return unique(this.parts.flatMap(({ part }) => part.addresses ?? []));
  }

  get commands(): string[] {
    return this.parts.flatMap(({ part }) => part.commands ?? []);
  }

  /** Each check once; the longest wait counts. */
  get ready(): Required<ReadyCheck>[] {
    const asked = this.parts
      .flatMap(({ part }) => part.ready ?? [])
      .map((each) => (typeof each === "string" ? { check: each, seconds: 60 } : { seconds: 60, ...each }));
    return uniqueBy(asked, ({ check }) => check).map(({ check }) => ({
      check,
      seconds: Math.max(...asked.filter((other) => other.check === check).map(({ seconds }) => seconds)),
    }));
  }

  private get parts(): Part[] {
    return this.sources.map(({ owner, part }) => ({ owner, part: typeof part === "function" ? part() : part }));
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
