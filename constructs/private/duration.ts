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

/** The durations that a property takes. */
export interface DurationRange {
  readonly min: string;
  readonly max: string;
  /** Whether the program that gets it counts whole seconds. @default false */
  readonly wholeSeconds?: boolean;
}

/** What is wrong with a text that isn't a duration. */
export function formFailures(property: string, text: string | undefined): Failure[] {
  if (text === undefined || parseDuration(text) !== undefined) return [];
  return [{ property, rule: "must be a duration", got: text, cure: "write it like '10s', '1m30s' or '500ms'" }];
}

/** What is wrong with the duration of a property; one that is left out passes. */
export function rangeFailures(
  property: string,
  text: string | undefined,
  range: DurationRange,
  cure: string,
): Failure[] {
  if (text === undefined) return [];
  const { min, max, wholeSeconds = false } = range;
  const value = parseDuration(text);
  const inRange = value !== undefined && value >= nanoseconds(min) && value <= nanoseconds(max);
  if (inRange && !(wholeSeconds && value % 1e9 !== 0)) return [];
  const what = wholeSeconds ? "a duration in whole seconds" : "a duration";
  return [{ property, rule: `must be ${what} from ${min} to ${max}`, got: text, cure }];
}
