/** So many equal things are drawn one by one; more of them are one, with their number. */
const MOST = 4;

/** Equal things, in the order of the first of each kind: one group each, or one group for all where they are many. */
export function folded<T>(all: readonly T[], keyOf: (one: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(one);
  }
  return [...groups.values()].flatMap((group) => (group.length > MOST ? [group] : group.map((one) => [one])));
}

/** `web1`; of many `web1 … web57 (57)` */
export function rangeText(texts: readonly string[], count = texts.length): string {
  const [first = ""] = texts;
  const last = texts.at(-1) ?? "";
  if (count === 1) return first;
  return first === last ? `${first} (${count})` : `${first} … ${last} (${count})`;
}

/** `weight 1`; of different ones `weight 1 to 5` */
export function weightText(weights: readonly number[]): string {
  const [least, most] = [Math.min(...weights), Math.max(...weights)];
  return least === most ? `weight ${least}` : `weight ${least} to ${most}`;
}

/** At most three of them, and how many more there are. */
export function fewOf(texts: readonly string[]): string[] {
  return texts.length <= MOST ? [...texts] : [...texts.slice(0, MOST - 1), `and ${texts.length - MOST + 1} more`];
}
