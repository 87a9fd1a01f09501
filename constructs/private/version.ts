import { Failure } from "./failure";

/** `1.14.11`, `1.14.11+ent`, `2.0.0-rc1`. */
export function isVersion(text: string): boolean {
  return /^\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)?$/.test(text);
}

/** What is wrong with the `version` of a program that others run. @param example one of its versions */
export function versionFormFailures(version: string | undefined, example: string): Failure[] {
  if (version === undefined || isVersion(version)) return [];
  return [{ property: "version", rule: "must be three numbers", got: version, cure: `write it like '${example}'` }];
}

/** Whether a version is at least another one, by its three numbers. */
export function versionAtLeast(version: string, minimum: string): boolean {
  const [a, b] = [numbersOf(version), numbersOf(minimum)];
  const at = [0, 1, 2].find((index) => a[index] !== b[index]);
  return at === undefined || (a[at] ?? 0) > (b[at] ?? 0);
}

function numbersOf(version: string): number[] {
  return version.split(/[-+]/)[0]?.split(".").map(Number) ?? [];
}
