import { Failure } from "./failure";
import { UsedProperty } from "./used-properties";
import { isVersion, versionAtLeast } from "./version";

/**
 * Property to the first version that knows it. A key is the path of fields in the program's own names, without the names and
 * numbers of items: `TaskGroups.Tasks.Templates.Once`.
 */
export type FirstVersions = Readonly<Record<string, string | FirstValue>>;

/** Values that came later than their property. */
export interface FirstValue {
  readonly version: string;
  /** Whether a value is one of them. */
  readonly matches: (value: unknown) => boolean;
}

/** The version that will run, as far as it is known. */
export interface RunningVersion {
  /** `Nomad` */
  readonly program: string;
  /** @default - not known: nothing is checked */
  readonly version?: string;
  /** What sets the version, for the cure of a failure: a construct's path. @default - the program's name */
  readonly saidBy?: string;
}

/**
 * The used properties that the running version does not know yet. A JSON job or document loses such a property silently, and
 * Consul refuses such an entry only when it is deployed.
 */
export function versionFailures(
  { program, version, saidBy = program }: RunningVersion,
  first: FirstVersions,
  used: readonly UsedProperty[],
): Failure[] {
  // What is no version was refused where it was given.
  if (version === undefined || !isVersion(version)) return [];
  return used.flatMap(({ key, property, value }): Failure[] => {
    const since = firstVersion(first, key, value);
    if (since === undefined || versionAtLeast(version, since)) return [];
    const got = typeof value === "object" ? undefined : value;
    const rule = `is known to ${program} since ${since}, and ${version} runs`;
    return [{ property, rule, got, cure: `leave it out, or upgrade ${saidBy} to ${since} or newer` }];
  });
}

/** The first version that knows a property with a value; undefined where every version does. */
export function firstVersion(first: FirstVersions, key: string, value: unknown): string | undefined {
  const since = first[key];
  if (typeof since !== "object") return since;
  return since.matches(value) ? since.version : undefined;
}
