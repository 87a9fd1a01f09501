/** What several measurements of one thing tell. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** @throws Error where there is nothing to summarize */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) throw new Error("nothing was measured");
  return { median: median(sorted), least, most };
}

/** Of values in their order: the middle one, or the mean of the two in the middle. */
function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

/**
 * The value that so many percent of all don't exceed.
 *
 * @param percent 0 to 100
 * @returns NaN where there are too few values to have one beyond it
 */
export function percentileOf(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (!hasBeyond(sorted.length, percent)) return NaN;
  return sorted[Math.max(0, Math.ceil(sorted.length - beyond(sorted.length, percent)) - 1)] ?? NaN;
}

/** Whether so many values have one beyond a percentile. The median is always told. */
export function hasBeyond(values: number, percent: number): boolean {
  return percent <= 50 || beyond(values, percent) >= 1;
}

/** Not 1 - percent / 100, which is less than a ten thousandth for 99.99. */
function beyond(values: number, percent: number): number {
  return Math.round((100 - percent) * 1e4 * values) / 1e6;
}

/**
 * How many times as long one candidate takes as another. Each run is compared with the run of the other candidate in the same turn,
 * since what else the machine does changes from minute to minute.
 *
 * @throws Error where the two have not run equally often
 */
export function ratiosOf(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length)
    throw new Error(`${numerators.length} runs can't be compared with ${denominators.length}`);
  return numerators.map((value, run) => value / (denominators[run] ?? NaN));
}
