import { isAnswered, ServerNow, ViewCheck, ViewModel } from "./model";
import { Mood } from "./mood";

/** Something that is different from the last look, in words. */
export interface Change {
  readonly text: string;
  readonly mood: Mood;
}

/**
 * What happened from one look to the next.
 *
 * @param before the last look, with what was known before of parts that did not answer (`remembered`)
 */
export function changesBetween(before: ViewModel, after: ViewModel): Change[] {
  return [
    ...machineChanges(before, after),
    ...serverChanges(before, after),
    ...checkChanges(before, after),
    ...instanceChanges(before, after),
  ];
}

function machineChanges(before: ViewModel, after: ViewModel): Change[] {
  return pairs(before.machines, after.machines, ({ name }) => name).flatMap(([was, is]): Change[] => {
    if (is === undefined) return [{ text: `machine ${was?.name ?? ""} is gone`, mood: "warn" }];
    const { mood } = is;
    if (was === undefined) return [{ text: `machine ${is.name} is new: ${is.state}`, mood }];
    if (was.state !== is.state) return [{ text: `machine ${is.name}: ${was.state} → ${is.state}`, mood }];
    // It was away between two looks.
    const restarted = (was.upSeconds ?? 0) > (is.upSeconds ?? Infinity);
    return restarted ? [{ text: `machine ${is.name} has restarted`, mood: "warn" }] : [];
  });
}

function serverChanges(before: ViewModel, after: ViewModel): Change[] {
  // A director that does not answer has lost no real server; one that is new has gained none.
  const both = before.directors.filter((name) => after.directors.includes(name));
  const of = ({ servers }: ViewModel): ServerNow[] => servers.filter(({ director }) => both.includes(director));
  const key = ({ director, endpoint, address }: ServerNow): string => [director, endpoint, address].join(" ");
  return pairs(of(before), of(after), key).flatMap(([was, is]): Change[] => {
    const { machine, address, director, endpoint } = is ?? was ?? ({} as ServerNow);
    const name = `real server ${machine === undefined ? address : `${machine} (${address})`}`;
    const where = `${endpoint} on ${director}`;
    if (is === undefined) return [{ text: `${name} left ${where}`, mood: "warn" }];
    const weight = is.numbers?.weight;
    if (was === undefined)
      return [{ text: `${name} joined ${where}${weight === undefined ? "" : `, weight ${weight}`}`, mood: "good" }];
    if (was.numbers === undefined || is.numbers === undefined || was.numbers.weight === weight) return [];
    const { drainSeconds, open } = is.numbers;
    const drain =
      drainSeconds === undefined ? "" : `: it drains, ${open} connections open, ${drainSeconds} s left at most`;
    const words = `${name} of ${where}: weight ${was.numbers.weight} → ${is.numbers.weight}${drain}`;
    return [{ text: words, mood: weight === 0 ? "warn" : "" }];
  });
}

function checkChanges(before: ViewModel, after: ViewModel): Change[] {
  // As for directors: a Consul cluster that does not answer has lost no check.
  const was = (before.checks ?? []).filter((check) => isAnswered(after, check));
  const is = (after.checks ?? []).filter((check) => isAnswered(before, check));
  const key = ({ node, service, check }: ViewCheck): string => `${service || "node"} on ${node} (${check})`;
  return pairs(was, is, key).flatMap(([then, now]): Change[] => {
    if (then?.status === now?.status) return [];
    const one = now ?? then;
    const words = `check of ${one === undefined ? "" : key(one)}: ${then?.status ?? "new"} → ${now?.status ?? "gone"}`;
    return [{ text: words, mood: now?.mood ?? "warn" }];
  });
}

function instanceChanges({ instances: before }: ViewModel, { instances: after }: ViewModel): Change[] {
  if (before === undefined || after === undefined) return [];
  return pairs(before, after, ({ job, machine, ports }) => `${job} ${machine} ${ports}`).flatMap(
    ([was, is]): Change[] => {
      const { job, machine, ports } = is ?? was ?? { job: "", machine: "", ports: "" };
      const name = `instance of ${job} on ${machine}${ports === "" ? "" : ` (${ports})`}`;
      if (is === undefined) return [{ text: `${name} is gone`, mood: "warn" }];
      if (was === undefined) return [{ text: `${name} was placed: ${is.health}`, mood: is.mood }];
      if (was.health === is.health) return [];
      return [{ text: `${name}: ${was.health} → ${is.health}`, mood: is.mood }];
    },
  );
}

/** Each thing of two lists with itself; several of one key are paired in their order. */
function pairs<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (one: T) => string,
): (readonly [was: T | undefined, is: T | undefined])[] {
  const [then, now] = [keyed(before, keyOf), keyed(after, keyOf)];
  return [...new Set([...then.keys(), ...now.keys()])].map((key) => [then.get(key), now.get(key)]);
}

function keyed<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T> {
  const map = new Map<string, T>();
  for (const one of all) {
    const key = keyOf(one);
    let number = 1;
    while (map.has(`${key} #${number}`)) number++;
    map.set(`${key} #${number}`, one);
  }
  return map;
}
