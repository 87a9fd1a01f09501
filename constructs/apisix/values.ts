import { Token } from "cdktf";
import * as ipaddr from "ipaddr.js";
import { durationFailures, parseDuration } from "../private/duration";
import { Failure } from "../private/failure";

// Values that several objects and plugins have: each function returns what is wrong with them, by the property that the caller wrote.

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

/** @param values where the caller wrote it, to the value; what was left out passes, and what Terraform knows later */
export function numberFailures(
  values: Readonly<Record<string, number | undefined>>,
  range: Range,
  cure = BY_DEFAULT,
): Failure[] {
  const { min = -Infinity, above = -Infinity, max = Infinity, whole = true } = range;
  return Object.entries(values).flatMap(([property, got]) => {
    if (got === undefined || Token.isUnresolved(got)) return [];
    const ok = (whole ? Number.isInteger(got) : Number.isFinite(got)) && got >= min && got > above && got <= max;
    return ok ? [] : [{ property, rule: `must be ${describeRange(range)}`, got, cure }];
  });
}

function describeRange({ min, above, max, whole = true }: Range): string {
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

/** A list of IP addresses and subnets, as APISIX takes it. */
export function subnetListFailures(property: string, subnets: readonly string[] | undefined): Failure[] {
  return [...listFailures(property, subnets), ...subnetFailures(property, subnets ?? [])];
}

/** IP addresses and subnets. */
export function subnetFailures(property: string, subnets: readonly string[]): Failure[] {
  return subnets
    .filter((subnet) => !(ipaddr.isValid(subnet) || ipaddr.isValidCIDR(subnet)) || /^\d+$/.test(subnet))
    .map((got) => ({
      property,
      rule: "must be IP addresses or subnets",
      got,
      cure: "write it like '192.168.139.184' or '10.0.0.0/8'",
    }));
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

/** Time limits of a request, Go durations above 0: `"500ms"`, `"1m30s"`. APISIX requires all three. */
export interface GatewayTimeout {
  /** Time limit to connect: `"6s"`. */
  readonly connect: string;
  /** Time limit between two writes. */
  readonly send: string;
  /** Time limit between two reads. */
  readonly read: string;
}

/** A timeout as APISIX gets it. */
export function renderTimeout(timeout: GatewayTimeout | undefined): object | undefined {
  if (timeout === undefined) return undefined;
  return { connect: seconds(timeout.connect), send: seconds(timeout.send), read: seconds(timeout.read) };
}

export function timeoutFailures(at: string, timeout: GatewayTimeout | undefined): Failure[] {
  if (timeout === undefined) return [];
  const { connect, send, read } = timeout;
  const values = { [`${at}.connect`]: connect, [`${at}.send`]: send, [`${at}.read`]: read };
  return durationFailures(values, { above: "0s" }, "for example '6s'");
}

/** Seconds of a duration; nothing where it was left out, or is none. */
export function seconds(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : parseDuration(text);
  return value === undefined ? undefined : value / 1e9;
}

/** Milliseconds of a duration, as {@link seconds}. */
export function milliseconds(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : parseDuration(text);
  return value === undefined ? undefined : value / 1e6;
}

/**
 * Condition on a request: `["arg_version", "==", "v2"]`, or `["arg_version", "!", "in", ["v1", "v2"]]` for the opposite.
 * Names are nginx's variables without their dollar.
 *
 * @see https://github.com/api7/lua-resty-expr#operator-list
 */
export type Condition =
  | readonly [name: string, operator: string, value: unknown]
  | readonly [name: string, not: "!", operator: string, value: unknown];

const OPERATORS = ["==", "~=", ">", ">=", "<", "<=", "~~", "~*", "in", "has", "ipmatch"];

export function conditionFailures(at: string, conditions: readonly (readonly unknown[])[]): Failure[] {
  return conditions.flatMap((condition, index) => {
    const property = `${at}[${index}]`;
    const cure = 'write it like ["arg_version", "==", "v2"]';
    if (!Array.isArray(condition)) return [{ property, rule: "must be a list", got: condition, cure }];
    const parts = condition as readonly unknown[];
    const [name, operator, value] = parts[1] === "!" ? [parts[0], parts[2], parts[3]] : [parts[0], parts[1], parts[2]];
    const long = parts[1] === "!" ? 4 : 3;
    if (parts.length !== long || typeof name !== "string" || name === "" || value === undefined)
      return [{ property, rule: "must be [name, operator, value]", got: condition, cure }];
    if (name.startsWith("$"))
      return [{ property, rule: "must have a name without a dollar", got: name, cure: `write '${name.slice(1)}'` }];
    if (!OPERATORS.includes(String(operator)))
      return [{ property, rule: `must have one of the operators ${OPERATORS.join(" ")}`, got: operator, cure }];
    const listed = operator === "in" || operator === "ipmatch";
    if (operator === "in" && !Array.isArray(value))
      return [{ property, rule: "must have a list for 'in'", got: value, cure: 'write it like ["a", "b"]' }];
    return listed || !Array.isArray(value)
      ? []
      : [{ property, rule: `can't have a list for '${String(operator)}'`, got: value, cure: "use 'in'" }];
  });
}

/** Whether a text names a secret, and is none. */
export function isSecretReference(text: string): boolean {
  return /^\$(secret|env):\/\/[^\s]+$/i.test(text);
}

/** The name of the environment's variable that a reference leads to; nothing where it leads elsewhere. */
export function environmentName(text: string): string | undefined {
  return /^\$env:\/\/([^/]+)/i.exec(text)?.[1];
}

/** A secret that is written out. The text itself is left out of the message: it would be in a log. */
export function writtenOutSecret(property: string): Failure {
  return {
    property,
    rule: "must name a secret and not be one: every reader of Consul would have it",
    cure: 'give it to the gateway\'s secrets, and write gateway.secret("NAME") here',
  };
}
