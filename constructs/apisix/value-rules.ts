import * as ipaddr from "ipaddr.js";
import { Failure } from "../private/failure";

/** What a number may be. */
export interface Range {
  /** The least. @default - none */
  readonly min?: number;
  /** More than this. @default - none */
  readonly above?: number;
  /** The most. @default - none */
  readonly max?: number;
  /** @default true */
  readonly whole?: boolean;
}

const BY_DEFAULT = "leave it out for APISIX's default";

/** @param values where the caller wrote it, to the value; what was left out passes */
export function numberFailures(
  values: Readonly<Record<string, number | undefined>>,
  range: Range,
  cure = BY_DEFAULT,
): Failure[] {
  const { min = -Infinity, above = -Infinity, max = Infinity, whole = true } = range;
  return Object.entries(values).flatMap(([property, got]) => {
    if (got === undefined) return [];
    const ok = (whole ? Number.isInteger(got) : Number.isFinite(got)) && got >= min && got > above && got <= max;
    return ok ? [] : [{ property, rule: `must be ${wordsOf(range)}`, got, cure }];
  });
}

function wordsOf({ min, above, max, whole = true }: Range): string {
  const noun = whole ? "a whole number" : "a number";
  if (above !== undefined) return `${noun} above ${above}`;
  if (max !== undefined) return `${noun} from ${min ?? 0} to ${max}`;
  return min === undefined ? noun : `${noun}, ${min} or more`;
}

/** @param values as in {@link numberFailures} */
export function textFailures(
  values: Readonly<Record<string, string | undefined>>,
  pattern: RegExp,
  rule: string,
  cure: string,
): Failure[] {
  return Object.entries(values)
    .filter(([, got]) => got !== undefined && !pattern.test(got))
    .map(([property, got]) => ({ property, rule, got, cure }));
}

/** A list that has something in it, and nothing twice; a list that was left out passes. */
export function listFailures(property: string, list: readonly unknown[] | undefined, cure = BY_DEFAULT): Failure[] {
  if (list === undefined) return [];
  if (list.length === 0) return [{ property, rule: "must hold at least one", cure }];
  const texts = list.map((each) => JSON.stringify(each));
  const twice = list.filter((_, index) => texts.indexOf(texts[index] ?? "") !== index);
  return twice.map((got) => ({ property, rule: "can't hold the same twice", got, cure: "leave one of them out" }));
}

/** HTTP statuses of a check. */
export function statusFailures(property: string, list: readonly number[] | undefined, range: Range): Failure[] {
  return [
    ...listFailures(property, list),
    ...(list ?? []).flatMap((status) =>
      numberFailures({ [property]: status }, range, "list HTTP statuses like 200 or 503"),
    ),
  ];
}

const HOST = /^(\*|\*?[0-9a-zA-Z._[\]:-]+)$/;

/** Names of hosts as a route or a certificate has them. */
export function hostFailures(property: string, hosts: readonly string[] | undefined): Failure[] {
  return [
    ...listFailures(property, hosts, "leave it out for every host"),
    ...(hosts ?? []).flatMap((host) =>
      textFailures(
        { [property]: host },
        HOST,
        "must be host names, with '*' at most at the start",
        "write it like 'www.example.com' or '*.example.com'",
      ),
    ),
  ];
}

/** IP addresses and subnets. */
export function addressFailures(property: string, addresses: readonly string[] | undefined): Failure[] {
  return [
    ...listFailures(property, addresses),
    ...(addresses ?? [])
      .filter((address) => !(ipaddr.isValid(address) || ipaddr.isValidCIDR(address)) || /^\d+$/.test(address))
      .map((got) => ({
        property,
        rule: "must be IP addresses or subnets",
        got,
        cure: "write it like '192.168.139.184' or '10.0.0.0/8'",
      })),
  ];
}

/** The description that every object may have. */
export interface Description {
  readonly name?: string;
  readonly desc?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export function descriptionFailures({ name, desc, labels = {} }: Description): Failure[] {
  return [
    ...textFailures({ name }, /^[^]{1,256}$/u, "must have 1 to 256 characters", "choose a shorter one"),
    ...textFailures({ desc }, /^[^]{0,256}$/u, "must have at most 256 characters", "shorten it"),
    ...Object.entries(labels).flatMap(([label, value]) =>
      textFailures(
        { [`labels["${label}"]`]: value },
        /^\S{1,256}$/u,
        "must have 1 to 256 characters, and no white space",
        "write it like 'team-a'",
      ),
    ),
  ];
}

/** Seconds that a request may take. All three, as APISIX demands. */
export interface GatewayTimeout {
  /** Seconds to connect, above 0. */
  readonly connect: number;
  /** Seconds between two writes, above 0. */
  readonly send: number;
  /** Seconds between two reads, above 0. */
  readonly read: number;
}

export function timeoutFailures(at: string, timeout: GatewayTimeout | undefined): Failure[] {
  if (timeout === undefined) return [];
  const { connect, send, read } = timeout;
  const values = { [`${at}.connect`]: connect, [`${at}.send`]: send, [`${at}.read`]: read };
  return numberFailures(values, { above: 0, whole: false }, "give seconds, for example 6");
}
