import { escaped, MOST_OF_A_NAME, NOT_IN_YAML } from "./document-text";
import { ObjectKind } from "./gateway-end";

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
