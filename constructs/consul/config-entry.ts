import { ConfigEntry as ConsulConfigEntry } from "@cdktf/provider-consul/lib/config-entry";
import { Construct } from "constructs";
import { escapeTemplate } from "../private/template-escape";
import { Validation } from "../private/validation";
import { completeFields, ConfigEntryFields, configEntryFailures } from "./config-entry-rules";

/** What a config entry is about; the value is Consul's own word. */
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
    validation.add(...configEntryFailures(props.kind, name, props.fields));
    validation.finish();

    this.entry = new ConsulConfigEntry(this, "Default", {
      kind: props.kind,
      name: escapeTemplate(name),
      configJson: escapeTemplate(JSON.stringify(completeFields(props.kind, name, props.fields))),
      dependsOn: props.after?.map(({ entry }) => entry),
    });
  }
}
