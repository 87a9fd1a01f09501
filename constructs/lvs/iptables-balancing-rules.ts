/** Something that gets a share of the new connections. */
export interface Share {
  readonly weight: number;
}

/** Rules of one virtual service at most; each is a comparison that a new connection may have to pass. */
export const MAX_NTH_RULES = 64;

/** A choice among what earlier rules left over: a match of iptables' `statistic`, and who gets what matches. */
export interface Choice<T> {
  /** Empty for the last one of `random`: it takes all that is left. */
  readonly match: string;
  readonly share: T;
}

/**
 * Turns, exactly: every rule only sees what the rules before it left, so they count n, n−1, … 1.
 *
 * @returns undefined where the weights would need more than {@link MAX_NTH_RULES} rules
 * @see https://manpages.debian.org/iptables-extensions.8
 */
export function nthChoices<T extends Share>(shares: readonly T[]): Choice<T>[] | undefined {
  const turns = interleavedTurns(shares);
  return turns?.map((share, index) => ({
    match: `-m statistic --mode nth --every ${turns.length - index} --packet 0`,
    share,
  }));
}

/** Chance by weight: each rule's probability is its weight over the sum of its own and all later ones. */
export function randomChoices<T extends Share>(shares: readonly T[]): Choice<T>[] {
  const usable = shares.filter(({ weight }) => weight > 0);
  return usable.map((share, index) => {
    const left = usable.slice(index).reduce((sum, { weight }) => sum + weight, 0);
    const last = index === usable.length - 1;
    return { match: last ? "" : `-m statistic --mode random --probability ${probability(share.weight / left)}`, share };
  });
}

/** How many rules {@link nthChoices} needs for these weights. */
export function turnCount(weights: readonly number[]): number {
  const usable = weights.filter((weight) => weight > 0);
  const divisor = usable.reduce(greatestCommonDivisor, 0);
  return usable.reduce((sum, weight) => sum + weight / divisor, 0);
}

/** The order of turns in which no server waits longer than needed: 2 and 1 give a b a, not a a b. */
function interleavedTurns<T extends Share>(shares: readonly T[]): T[] | undefined {
  const usable = shares.filter(({ weight }) => weight > 0);
  const count = turnCount(usable.map(({ weight }) => weight));
  if (count > MAX_NTH_RULES) return undefined;
  const total = usable.reduce((sum, { weight }) => sum + weight, 0);
  const credits = usable.map((share) => ({ share, credit: 0 }));
  return Array.from({ length: count }, () => {
    for (const entry of credits) entry.credit += entry.share.weight;
    const next = credits.reduce((best, entry) => (entry.credit > best.credit ? entry : best));
    next.credit -= total;
    return next.share;
  });
}

/** As iptables prints it: the kernel knows steps of 2^-31. */
function probability(value: number): string {
  const steps = 2 ** 31;
  return (Math.round(value * steps) / steps).toFixed(11);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
