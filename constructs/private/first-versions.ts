import { Failure } from "./failure";
import { versionAtLeast } from "./version";

/**
 * Property to the first version that knows it. A key is the path of fields in the program's own names, without the names and
 * numbers of what there is several of: `TaskGroups.Tasks.Templates.Once`. `PATH=*` is about a value that holds a `*`.
 */
export type FirstVersions = Readonly<Record<string, string>>;

/** What runs, as far as it is known. */
export interface RunningVersion {
  /** `Nomad` */
  readonly program: string;
  /** @default - not known: nothing is checked */
  readonly version?: string;
  /** Who says which version runs, by its path. */
  readonly saidBy?: string;
}

/** A property that was given. */
export interface UsedProperty {
  /** A key of {@link FirstVersions}. */
  readonly key: string;
  /** As the caller wrote it. */
  readonly property: string;
  readonly value: unknown;
}

/**
 * What the program that will run does not know yet. A JSON job or document loses such a property without a word, and an entry of
 * Consul is refused when it is deployed.
 */
export function versionFailures(
  { program, version, saidBy }: RunningVersion,
  first: FirstVersions,
  used: readonly UsedProperty[],
): Failure[] {
  if (version === undefined) return [];
  return used.flatMap(({ key, property, value }): Failure[] => {
    const since = first[key] ?? (JSON.stringify(value).includes("*") ? first[`${key}=*`] : undefined);
    if (since === undefined || versionAtLeast(version, since)) return [];
    const got = typeof value === "object" ? undefined : value;
    const newer = saidBy === undefined ? `let ${program} be newer` : `let ${saidBy} be ${since} or newer`;
    const rule = `is known to ${program} since ${since}, and ${version} runs`;
    return [{ property, rule, got, cure: `leave it out, or ${newer}` }];
  });
}
