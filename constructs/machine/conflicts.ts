import { Failure } from "../private/failure";
import { addressKey } from "./address-file";
import type { Contribution } from "./contribution";
import type { MachineFile } from "./machine-file";
import type { PortClaim } from "./port-claim";

/** The default mode of a secret. */
export const SECRET_MODE = "0600";

/** What one role brings. */
export interface Part {
  readonly owner: string;
  readonly part: Contribution;
}

/** Where a role contradicts others of its machine. */
export function conflictsWith(others: readonly Part[], { owner, part }: Part): Failure[] {
  const own = { owner, part };
  return [
    ...[...others, own].flatMap((other) => contentClashes(other, own)),
    ...others.flatMap((other) => portClashes(other, own)),
  ];
}

function contentClashes(theirs: Part, ours: Part): Failure[] {
  return [
    ...clashes(
      (f) => (f.secret ? "secrets" : "files"),
      filesOf,
      (f) => f.path,
      (f) => `${f.secret} ${f.mode ?? (f.secret ? SECRET_MODE : "0644")} ${f.content}`,
    )(theirs, ours),
    ...clashes(
      "sysctls",
      (p) => p.sysctls ?? [],
      (s) => s.key,
      (s) => s.value,
    )(theirs, ours),
    ...clashes(
      "downloads",
      (p) => p.downloads ?? [],
      (d) => d.path,
      (d) => JSON.stringify(d),
    )(theirs, ours),
    ...clashes(
      "aptSources",
      (p) => p.aptSources ?? [],
      (s) => s.name,
      (s) => JSON.stringify({ ...s, pins: undefined }),
    )(theirs, ours),
    ...clashes(
      "packages",
      (p) => (p.packages ?? []).filter((name) => name.includes("=")),
      packageName,
      (name) => name,
    )(theirs, ours),
    ...clashes(
      "addresses",
      (p) => p.addresses ?? [],
      addressKey,
      (line) => line.replace(/[ \t]+/g, " "),
    )(theirs, ours),
  ];
}

function clashes<T>(
  property: string | ((item: T) => string),
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
          property: typeof property === "string" ? property : property(item),
          rule: `can't give ${keyOf(item)} another content than ${theirs.owner} does${values}`,
          cure:
            ours.owner === theirs.owner
              ? "leave one of the two out"
              : `put ${ours.owner} and ${theirs.owner} on machines of their own, or let one of them leave it out`,
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

/** Whatever gets a path, with the kinds that can't share one kept apart. */
function filesOf(part: Contribution): (MachineFile & { readonly secret: boolean })[] {
  const units = (part.units ?? []).flatMap(({ name, content }) =>
    content === undefined ? [] : [{ path: `/etc/systemd/system/${name}`, content }],
  );
  const readable = [...(part.files ?? []), ...(part.liveFiles ?? []), ...units];
  return [
    ...readable.map((file) => ({ ...file, secret: false })),
    ...(part.secrets ?? []).map((file) => ({ ...file, secret: true })),
  ];
}

/** `consul` of `consul=1.14.11-1`. */
export function packageName(text: string): string {
  return text.split("=")[0] ?? text;
}

function samePort(a: PortClaim, b: PortClaim): boolean {
  const meets = a.address === undefined || b.address === undefined || a.address === b.address;
  return a.protocol === b.protocol && a.port === b.port && meets;
}
