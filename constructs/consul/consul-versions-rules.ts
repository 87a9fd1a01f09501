import { FirstVersions } from "../private/first-versions";
import { UsedProperty, usedProperties } from "../private/used-properties";

/**
 * Fields of config entries that came after 1.14.0, by kind. Consul refuses an entry with a field that it does not know.
 *
 * @see https://github.com/hashicorp/consul/blob/main/CHANGELOG.md
 */
export const CONFIG_ENTRY_FIELDS: FirstVersions = {
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

/** Every field of an entry, at any depth. */
export function usedEntryFields(kind: string, fields: Readonly<Record<string, unknown>>): UsedProperty[] {
  return usedProperties(fields, "fields.", `${kind}.`);
}
