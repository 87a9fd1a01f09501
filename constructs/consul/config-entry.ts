import type { ConfigEntry as ConsulConfigEntry } from "@cdktf/provider-consul/lib/config-entry";
import { Construct } from "constructs";
import { firstVersion, FirstVersions, versionFailures } from "../private/first-versions";
import { escapeTemplate } from "../private/template-escape";
import { providerBinding } from "../private/provider";
import { usedProperties } from "../private/used-properties";
import { Validation } from "../private/validation";
import { versionAtLeast } from "../private/version";
import { consulOf, ProvidedConsul } from "./consul-cluster";
import { AccessRule, intentionRule, OPERATOR_RULE, serviceRule } from "./render/access";
import { needRules } from "./terraform-access";

/** Kind of a config entry. The values are Consul's own names. */
export enum ConfigEntryKind {
  /** Defaults of one service, for example its protocol. */
  SERVICE_DEFAULTS = "service-defaults",
  /** Defaults of all proxies; one entry with the name `global`. */
  PROXY_DEFAULTS = "proxy-defaults",
  /** Which services may connect to one service. */
  SERVICE_INTENTIONS = "service-intentions",
}

/** Plain data of a config entry, with Consul's own names of fields: `{ Protocol: "http" }`. */
export type ConfigEntryFields = Readonly<Record<string, unknown>>;

/** Properties of a config entry. */
export interface ConfigEntryProps {
  /** Kind of the entry. */
  readonly kind: ConfigEntryKind;
  /** Name of the service that it configures; `global` for proxy-defaults. @default - the construct's id */
  readonly name?: string;
  /** All other fields, with Consul's own names: `{ Protocol: "http" }`. Fields that Consul adds itself are filled in. */
  readonly fields: ConfigEntryFields;
  /** The cluster, whose version decides which fields are allowed. @default - the cluster of its stack, else none: its version is not known */
  readonly consul?: ProvidedConsul;
  /** Entries that are written first: Consul refuses a router of a service whose protocol it doesn't know yet. @default - none */
  readonly after?: readonly ConfigEntry[];
}

/**
 * One entry of Consul's central configuration.
 *
 * @see https://developer.hashicorp.com/consul/docs/reference/config-entry
 */
export class ConfigEntry extends Construct {
  private readonly entry: ConsulConfigEntry;

  constructor(scope: Construct, id: string, props: ConfigEntryProps) {
    super(scope, id);
    const name = props.name ?? id;
    const validation = new Validation(this);
    const { version, node: said } = props.consul ?? consulOf(this) ?? {};
    validateIdentity(validation, props.kind, name, props.fields);
    const running = { program: "Consul", version, saidBy: said?.path };
    const used = usedProperties(props.fields, "fields.", `${props.kind}.`);
    validation.add(...versionFailures(running, CONFIG_ENTRY_FIELDS, used));
    validation.passes();
    needRules(this, [entryRule(props.kind, name)]);

    const binding = providerBinding(this, "@cdktf/provider-consul/lib/config-entry");
    this.entry = new binding.ConfigEntry(this, "Default", {
      kind: props.kind,
      name: escapeTemplate(name),
      configJson: escapeTemplate(JSON.stringify(completeFields(props.kind, name, props.fields, version))),
      dependsOn: props.after?.map(({ entry }) => entry),
    });
  }
}

/** @see https://developer.hashicorp.com/consul/api-docs/config */
function entryRule(kind: ConfigEntryKind, name: string): AccessRule {
  switch (kind) {
    case ConfigEntryKind.SERVICE_DEFAULTS:
      return serviceRule(name);
    case ConfigEntryKind.SERVICE_INTENTIONS:
      return intentionRule(name);
    case ConfigEntryKind.PROXY_DEFAULTS:
      return OPERATOR_RULE;
  }
}

function validateIdentity(validation: Validation, kind: string, name: string, fields: ConfigEntryFields): void {
  validation.require(name !== "", {
    property: "name",
    rule: "can't be empty",
    cure: "name the service it is about",
  });
  validation.require(kind !== "proxy-defaults" || name === "global", {
    property: "name",
    rule: "must be 'global' for proxy-defaults: there is one such entry",
    got: name,
    cure: "name it 'global', or use service-defaults for a single service",
  });
  const own = Object.keys(fields).filter((field) => /^(kind|name)$/i.test(field));
  validation.require(own.length === 0, {
    property: "fields",
    rule: "can't hold Kind and Name: they are properties of their own",
    got: own,
    cure: "leave them out",
  });
}

/**
 * Fields of config entries that came after 1.14.0, by kind. Consul refuses an entry with a field that it does not know.
 *
 * @see https://github.com/hashicorp/consul/blob/main/CHANGELOG.md
 */
const CONFIG_ENTRY_FIELDS: FirstVersions = {
  "proxy-defaults.AccessLogs": "1.15.0",
  "proxy-defaults.EnvoyExtensions": "1.15.0",
  "proxy-defaults.FailoverPolicy": "1.16.0",
  "proxy-defaults.MutualTLSMode": "1.16.0",
  "proxy-defaults.PrioritizeByLocality": "1.16.0",
  "service-defaults.EnvoyExtensions": "1.15.0",
  "service-defaults.MaxRequestHeadersKB": "1.22.0",
  "service-defaults.MutualTLSMode": "1.16.0",
  "service-defaults.RateLimits": "1.17.0",
  "service-intentions.JWT": "1.16.0",
  "service-intentions.Sources.Permissions.JWT": "1.16.0",
  "service-intentions.Sources.SamenessGroup": "1.16.0",
};

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
function completeFields(
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

/** An intention's source with what Consul computes for it. @see https://developer.hashicorp.com/consul/docs/secure-mesh/intention */
function storedSource(destination: string, source: ConfigEntryFields): ConfigEntryFields {
  const fromAll = source.Name === "*";
  const precedence = destination === "*" ? (fromAll ? 5 : 6) : fromAll ? 8 : 9;
  return { Precedence: precedence, Type: "consul", ...source };
}
