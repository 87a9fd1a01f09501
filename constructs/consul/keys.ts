import type { Keys } from "@cdktf/provider-consul/lib/keys";
import { Construct } from "constructs";
import { providerBinding } from "../private/provider";
import { escapeTemplate } from "../private/template-escape";
import { Validation } from "../private/validation";
import { keyRule } from "./render/access";
import { needRules } from "./terraform-access";

/** Consul refuses a longer value. */
const LONGEST_VALUE = 512 * 1024;

/** Properties of keys in Consul. */
export interface ConsulKeysProps {
  /** Values by key: `{ "web/title": "Hello" }`. A value has 1 byte to 512 KiB. */
  readonly keys: Readonly<Record<string, string>>;
  /** Keys to which these refer. They are written before these and deleted after them. All in the same stack. @default - none */
  readonly after?: readonly ConsulKeys[];
}

/**
 * Keys of Consul's key/value store. Only these keys are written, and only these are deleted when they leave the program. Other keys
 * stay; a `consul_key_prefix` would delete them.
 *
 * @see https://developer.hashicorp.com/consul/docs/automate/kv
 */
export class ConsulKeys extends Construct {
  private readonly resource: Keys;

  constructor(scope: Construct, id: string, { keys, after = [] }: ConsulKeysProps) {
    super(scope, id);
    const entries = Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1));
    const validation = new Validation(this);
    validation.require(entries.length > 0, {
      property: "keys",
      rule: "must hold at least one key",
      cure: 'for example { "web/title": "Hello" }',
    });
    for (const [key, value] of entries) {
      validation.require(isKey(key), {
        property: "keys",
        rule: "must be paths without a slash at either end and without the parts '', '.' and '..'",
        got: key,
        cure: "write it like 'web/title'",
      });
      const bytes = Buffer.byteLength(value);
      validation.require(bytes > 0 && bytes <= LONGEST_VALUE, {
        property: `keys["${key}"]`,
        rule: "must have a value of 1 to 524288 bytes",
        got: `${bytes} bytes`,
        cure: bytes === 0 ? "leave the key out, or write a word for 'none'" : "split it over several keys",
      });
    }
    validation.passes();
    needRules(
      this,
      entries.map(([key]) => keyRule(key)),
    );

    const binding = providerBinding(this, "@cdktf/provider-consul/lib/keys");
    this.resource = new binding.Keys(this, "Default", {
      key: entries.map(([path, value]) => ({
        path: escapeTemplate(path),
        value: escapeTemplate(value),
        // Otherwise a key that leaves the program would stay in Consul for ever.
        delete: true,
      })),
      dependsOn: after.length === 0 ? undefined : after.map(({ resource }) => resource),
    });
  }
}

function isKey(key: string): boolean {
  return key.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
