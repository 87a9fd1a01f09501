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
 * @param folder of Consul's key/value store: `apisix/gateway`
 * @param guarded whether an object that is no JSON stops the file from being rendered, so that the last good one stays. Nomad
 * would end the task for it, so there it reaches APISIX, which keeps what it has.
 * @see https://apisix.apache.org/docs/apisix/deployment-modes/#standalone
 */
export function renderDocumentTemplate(folder: string, guarded: boolean): string {
  const value = guarded ? "{{ .Value | parseJSON | toJSON }}" : "{{ .Value }}";
  const parts = KINDS.map((kind) => `${kind}:\n{{ range ls "${folder}/${kind}" }}  - ${value}\n{{ end }}`);
  return `# From ${folder}/ in Consul's key/value store: an object a key. Edit it there.\n${parts.join("")}#END\n`;
}
