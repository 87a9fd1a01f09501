import { Failure } from "../private/failure";

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/**
 * A duration as Go programs read it, so also Nomad, Consul and consul-template: `"10s"`, `"1m30s"`, `"500ms"`.
 *
 * @returns nanoseconds, or nothing where the text is none
 */
export function parseDuration(text: string): number | undefined {
  // A program has few durations, and each of its jobs asks for them many times over.
  if (!parsed.has(text)) parsed.set(text, parse(text));
  return parsed.get(text);
}

const parsed = new Map<string, number | undefined>();

function parse(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
  return Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ""] ?? 0), 0));
}

/** For text that was checked before. @returns nanoseconds */
export function nanoseconds(text: string): number;
export function nanoseconds(text: string | undefined): number | undefined;
export function nanoseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = parseDuration(text);
  if (value === undefined) throw new Error(`assumption broken: duration '${text}' was checked`);
  return value;
}

/** A duration of so many seconds, as text. */
export function durationOf(seconds: number): string {
  return formatDuration(Math.round(seconds * 1e9));
}

/** Seconds of a duration; 0 where it is left out or none. */
export function secondsOf(text: string | undefined): number {
  return (text === undefined ? 0 : (parseDuration(text) ?? 0)) / 1e9;
}

/** `7.5s`, `1m30s`, as in job files. */
export function formatDuration(value: number): string {
  if (value === 0) return "0s";
  const [hours, minutes] = [Math.floor(value / 3600e9), Math.floor((value % 3600e9) / 60e9)];
  const rest = value % 60e9;
  if (value < 1e9)
    return value % 1e6 === 0 ? `${value / 1e6}ms` : value % 1e3 === 0 ? `${value / 1e3}us` : `${value}ns`;
  return `${hours > 0 ? `${hours}h` : ""}${minutes > 0 ? `${minutes}m` : ""}${rest > 0 ? `${rest / 1e9}s` : ""}`;
}

/** What a duration may be. */
export interface DurationRange {
  /** The least. @default "0s" */
  readonly min?: string;
  /** More than this. @default - none */
  readonly above?: string;
  /** The most. @default - none */
  readonly max?: string;
  /** The unit that the program counts whole ones of. @default - fractions are good, too */
  readonly whole?: "seconds" | "milliseconds";
}

/**
 * What is wrong with durations; those that are left out pass.
 *
 * @param values by where the caller wrote it
 * @param cure for one out of range @default - the limit that it passed
 */
export function durationFailures(
  values: Readonly<Record<string, string | undefined>>,
  range: DurationRange = {},
  cure?: string,
): Failure[] {
  return Object.entries(values).flatMap(([property, got]): Failure[] => {
    if (got === undefined) return [];
    const value = parseDuration(got);
    if (value === undefined)
      return [{ property, rule: "must be a duration", got, cure: "write it like '10s', '1m30s' or '500ms'" }];
    const within = withinRange(value, range);
    return within === undefined
      ? []
      : [{ property, rule: `must be ${describeRange(range)}`, got, cure: cure ?? `use ${within}` }];
  });
}

/** What would be in range instead; nothing where the value is. */
function withinRange(value: number, { min = "0s", above, max, whole }: DurationRange): string | undefined {
  if (value < nanoseconds(min)) return `'${min}' or more`;
  if (above !== undefined && value <= nanoseconds(above)) return `more than '${above}'`;
  if (max !== undefined && value > nanoseconds(max)) return `'${max}' or less`;
  return whole !== undefined && value % (whole === "seconds" ? 1e9 : 1e6) !== 0 ? `whole ${whole}` : undefined;
}

function describeRange({ min = "0s", above, max, whole }: DurationRange): string {
  const noun = whole === undefined ? "a duration" : `a duration of whole ${whole}`;
  if (above !== undefined) return `${noun} above ${above}`;
  return max === undefined ? `${noun}, ${min} or more` : `${noun} from ${min} to ${max}`;
}
