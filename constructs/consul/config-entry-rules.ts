import { Failure } from "../private/failure";
import { firstVersion } from "../private/first-versions";
import { versionAtLeast } from "../private/version";
import { CONFIG_ENTRY_FIELDS } from "./consul-versions-rules";

/** Plain data of a config entry, with Consul's own names of fields: `{ Protocol: "http" }`. */
export type ConfigEntryFields = Readonly<Record<string, unknown>>;

/** What Consul itself adds to an entry of that kind when it stores it: without it no second plan would be empty. */
const STORED_WITH: Readonly<Record<string, ConfigEntryFields>> = {
  "service-defaults": { Expose: {}, MeshGateway: {}, TransparentProxy: {} },
  "proxy-defaults": { AccessLogs: {}, Expose: {}, MeshGateway: {}, TransparentProxy: {} },
};

/**
 * The fields as Consul stores them: the given ones, and the empty blocks that it adds. Of these it gets only what it knows: where
 * its version is not known, what every version does.
 *
 * @param version of the Consul that it is for
 */
export function completeFields(
  kind: string,
  name: string,
  fields: ConfigEntryFields,
  version: string | undefined,
): ConfigEntryFields {
  const known = Object.entries(STORED_WITH[kind] ?? {}).filter(([field, value]) => {
    const since = firstVersion(CONFIG_ENTRY_FIELDS, `${kind}.${field}`, value);
    return since === undefined || (version !== undefined && versionAtLeast(version, since));
  });
  const complete = { ...Object.fromEntries(known), ...fields };
  if (kind !== "service-intentions" || !Array.isArray(fields.Sources)) return complete;
  return { ...complete, Sources: (fields.Sources as ConfigEntryFields[]).map((source) => storedSource(name, source)) };
}

/** What is wrong with an entry's identity or fields, whatever its kind. */
export function configEntryFailures(kind: string, name: string, fields: ConfigEntryFields): Failure[] {
  const failures: Failure[] = [];
  if (name === "") failures.push({ property: "name", rule: "can't be empty", cure: "name the service it is about" });
  if (kind === "proxy-defaults" && name !== "global") {
    failures.push({
      property: "name",
      rule: "must be 'global' for proxy-defaults: there is one such entry",
      got: name,
      cure: "name it 'global', or use service-defaults for a single service",
    });
  }
  const own = Object.keys(fields).filter((field) => /^(kind|name)$/i.test(field));
  if (own.length > 0) {
    failures.push({
      property: "fields",
      rule: "can't hold Kind and Name: they are properties of their own",
      got: own,
      cure: "leave them out",
    });
  }
  return failures;
}

/** An intention's source with what Consul computes for it. @see https://developer.hashicorp.com/consul/docs/secure-mesh/intention */
function storedSource(destination: string, source: ConfigEntryFields): ConfigEntryFields {
  const fromAll = source.Name === "*";
  const precedence = destination === "*" ? (fromAll ? 5 : 6) : fromAll ? 8 : 9;
  return { Precedence: precedence, Type: "consul", ...source };
}
