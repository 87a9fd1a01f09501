import type { ConfigEntry as ConsulConfigEntry } from "@cdktf/provider-consul/lib/config-entry";
import { Construct } from "constructs";
import { escapeTemplate } from "../private/template-escape";
import { versionFailures } from "../private/first-versions";
import { providerBinding } from "../private/provider";
import { Validation } from "../private/validation";
import { completeFields, ConfigEntryFields, configEntryFailures } from "./config-entry-rules";
import { CONFIG_ENTRY_FIELDS, usedEntryFields } from "./consul-versions-rules";
import { consulOf, ProvidedConsul } from "./provided-consul";

/** What a config entry is about; the value is Consul's own name for it. */
export enum ConfigEntryKind {
  SERVICE_DEFAULTS = "service-defaults",
  PROXY_DEFAULTS = "proxy-defaults",
  SERVICE_INTENTIONS = "service-intentions",
}

export interface ConfigEntryProps {
  readonly kind: ConfigEntryKind;
  /** The service it is about; `global` for proxy-defaults. @default - the construct's id */
  readonly name?: string;
  /** Everything else, with Consul's own names: `{ Protocol: "http" }`. What Consul adds by itself is filled in. */
  readonly fields: ConfigEntryFields;
  /** The cluster that it is for: its version decides which fields are allowed. @default - that of its stack, else none: its version is not known */
  readonly consul?: ProvidedConsul;
  /** Entries that have to be there first: Consul refuses a router of a service whose protocol it doesn't know yet. @default - none */
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
    const running = { program: "Consul", version, saidBy: said?.path };
    validation.add(
      ...configEntryFailures(props.kind, name, props.fields),
      ...versionFailures(running, CONFIG_ENTRY_FIELDS, usedEntryFields(props.kind, props.fields)),
    );
    validation.finish();

    const binding = providerBinding(this, "@cdktf/provider-consul/lib/config-entry");
    this.entry = new binding.ConfigEntry(this, "Default", {
      kind: props.kind,
      name: escapeTemplate(name),
      configJson: escapeTemplate(JSON.stringify(completeFields(props.kind, name, props.fields, version))),
      dependsOn: props.after?.map(({ entry }) => entry),
    });
  }
}
