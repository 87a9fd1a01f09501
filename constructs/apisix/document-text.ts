/** An APISIX object, or a part of one, in APISIX's own names. */
export type ApisixObject = Record<string, unknown>;

/** One level of options in APISIX's own names: `httpStatuses` becomes `http_statuses`. What was left out stays out. */
export function wire(options: object): ApisixObject {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value as unknown]),
  );
}

/** {@link wire} of options that may be left out. */
export function wireOptional(options: object | undefined): ApisixObject | undefined {
  return options && wire(options);
}

/** Options but for some. */
export function without<Options extends object, Name extends keyof Options>(
  options: Options,
  ...names: readonly Name[]
): Omit<Options, Name> {
  const left = Object.entries(options).filter(([name]) => !names.includes(name as Name));
  return Object.fromEntries(left) as Omit<Options, Name>;
}

/** The characters that JSON can hold as they are, and YAML can't: it refuses the whole document, or takes them for the end of a line. */
export const NOT_IN_YAML: readonly string[] = [
  ...Array.from({ length: 0x9f - 0x7f + 1 }, (_, index) => String.fromCharCode(0x7f + index)),
  ...["\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff"],
];

/** A character as JSON and YAML write it in a string: `\u009b`. */
export function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The characters of a field's name, as JSON writes it: at 1024 with its quotes, YAML gives up the whole document. */
export const MOST_OF_A_NAME = 999;

/** A document as one line that is both JSON and YAML. */
export function oneLine(document: Readonly<ApisixObject> | string): string {
  return NOT_IN_YAML.reduce(
    (line, character) => line.replaceAll(character, escaped(character)),
    JSON.stringify(document),
  );
}

/** A text somewhere in a document: a value, or the name of a field. */
export interface Leaf {
  /** `plugins.cors.allow_origins`, `hosts[0]` */
  readonly at: string;
  readonly value: unknown;
  /** Whether the value is a field's name, and `at` the object that has the field. */
  readonly isName: boolean;
}

/** Everything in a document that is neither a list nor an object, and every field's name. */
export function leavesOf(value: unknown, at = ""): Leaf[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => leavesOf(each, `${at}[${index}]`));
  if (typeof value !== "object" || value === null) return [{ at, value, isName: false }];
  return Object.entries(value).flatMap(([name, inner]) => [
    { at, value: name, isName: true },
    ...leavesOf(inner, at === "" ? name : `${at}.${name}`),
  ]);
}
