import type { ObjectKind } from "../object";

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

/** The plugins of an object, by their names. */
export function pluginsOf(document: Readonly<ApisixObject>): Record<string, ApisixObject> {
  return (document.plugins ?? {}) as Record<string, ApisixObject>;
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

const KINDS: readonly ObjectKind[] = [
  "routes",
  "services",
  "upstreams",
  "consumers",
  "ssls",
  "stream_routes",
  "global_rules",
  "plugin_metadata",
];

/**
 * A change is written once nothing changed for `min`, at the latest after `max`. Above a second, since the gateway compares
 * whole seconds: of two files of one second it would never read the second one.
 */
export const DOCUMENT_WAIT = { min: "1500ms", max: "5s" } as const;

/**
 * The template of APISIX's apisix.yaml: every key of the gateway's folder in Consul is one object, a line of JSON. It ends with
 * the mark by which APISIX knows that the file is whole.
 *
 * Whatever a key holds, the others are served: what is no JSON object is left out, and a comment in the file names its key. JSON is read
 * and written anew, so that one of several lines becomes one, and what YAML can't hold is escaped.
 *
 * @param folder of Consul's key/value store: `apisix/gateway`
 * @see https://apisix.apache.org/docs/apisix/deployment-modes/#standalone
 */
export function renderDocumentTemplate(folder: string): string {
  const parts = KINDS.map((kind) => `${kind}:\n{{ range ls "${folder}/${kind}" }}{{ template "object" . }}{{ end }}`);
  return `${DEFINITIONS}# From ${folder}/ in Consul's key/value store: an object a key. Edit it there.\n${parts.join("")}#END\n`;
}

const LONG_NAME = `"([^"\\\\]|\\\\.){${MOST_OF_A_NAME + 1}}([^"\\\\]|\\\\.)*":`;

const DEFINITIONS = `{{- /* One object, a line. What is none is left out, and the others are served. What YAML can't hold is escaped. */ -}}
{{- define "object" }}{{ $object := sprig_fromJson .Value -}}
{{ $line := toJSON $object | replaceAll "\${{" "\\u0024{{"
${inRows(NOT_IN_YAML.map((character) => `| replaceAll "${escaped(character)}" "\\${escaped(character)}"`))} -}}
{{ if or (not (sprig_kindIs "map" $object)) (regexMatch \`${LONG_NAME}\` $line) -}}
# left out, since it is no JSON object, or a field's name has more than ${MOST_OF_A_NAME} characters: {{ .Key | regexReplaceAll "[^\\\\w./-]" "?" }}
{{ else }}  - {{ $line }}
{{ end }}{{ end -}}
`;

function inRows(words: readonly string[], each = 3): string {
  const rows = words.flatMap((_, index) => (index % each === 0 ? [words.slice(index, index + each).join(" ")] : []));
  return rows.map((row) => `  ${row}`).join("\n");
}
