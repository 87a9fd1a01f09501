import { durationFailures } from "../../private/duration";
import { Failure } from "../../private/failure";
import { ApisixObject, leavesOf, oneLine, wire, wireOptional, without } from "../render/document";
import { milliseconds, numberFailures, seconds, textFailures } from "../values";
import { factsOf } from "./catalogue";

/**
 * Settings of plugins for the whole gateway, in its config.yaml (`plugin_attr`). A change reloads it.
 *
 * @see https://github.com/apache/apisix/blob/master/conf/config.yaml.example
 */
export interface PluginAttributes {
  /** Settings of the plugin redirect. @default - APISIX's own, except the port */
  readonly redirect?: RedirectAttributes;
  /** Settings of the plugin prometheus. @default - APISIX's own */
  readonly prometheus?: PrometheusAttributes;
  /**
   * Settings of any other plugin that the gateway loads, by its name, in APISIX's own names: `{ zipkin: { set_ngx_var: true } }`. Not checked. A
   * secret of the gateway is `${{NAME}}`.
   *
   * @default - APISIX's own
   */
  readonly other?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Settings of the plugin redirect. */
export interface RedirectAttributes {
  /**
   * Port to which `Plugin.redirect({ httpToHttps: true })` leads, 1 to 65535: the port by which clients reach `httpsPort`.
   *
   * @default - that of the director's virtual service that leads to `httpsPort`; if there is none, 443
   */
  readonly httpsPort?: number;
}

/** @see https://apisix.apache.org/docs/apisix/plugins/prometheus/ */
export interface PrometheusAttributes {
  /** Path of the metrics, starts with a slash. @default "/apisix/prometheus/metrics" */
  readonly exportUri?: string;
  /** Prefix of each metric's name. @default "apisix_" */
  readonly metricPrefix?: string;
  /** Whether the metrics have a separate port. Otherwise a route with the plugin `public-api` leads to them. @default true */
  readonly enableExportServer?: boolean;
  /** Address and port of the metrics. @default { ip: "127.0.0.1", port: 9091 } */
  readonly exportAddr?: ExportAddress;
  /** Time between two collections of the metrics, a Go duration above 0. @default "15s" */
  readonly refreshInterval?: string;
  /** Upper limits of the histogram's buckets of latencies, Go durations in ascending order: `["10ms", "100ms"]`. @default - APISIX's own, from 1ms to 1m */
  readonly defaultBuckets?: readonly string[];
}

/** Address and port of a gateway's metrics. */
export interface ExportAddress {
  /** IP address of the machine. */
  readonly ip: string;
  /** Port, 1 to 65535. */
  readonly port: number;
}

/** Where the metrics are; nothing where they have no port. */
export function metricsAddress({ prometheus = {} }: PluginAttributes): ExportAddress | undefined {
  if (prometheus.enableExportServer === false) return undefined;
  return prometheus.exportAddr ?? { ip: "127.0.0.1", port: 9091 };
}

/** `plugin_attr`, a line a plugin. @param httpsPort of the redirect */
export function renderPluginAttributes({ prometheus, other = {} }: PluginAttributes, httpsPort: number): string {
  const attributes: Record<string, ApisixObject> = {
    redirect: { https_port: httpsPort },
    ...(prometheus && { prometheus: renderPrometheus(prometheus) }),
    ...Object.fromEntries(Object.entries(other).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  const lines = Object.entries(attributes).map(([name, value]) => {
    const key = /^[a-z][a-z0-9-]*$/.test(name) ? name : JSON.stringify(name);
    return `  ${key}: ${flowText(value)}`;
  });
  return lines.join("\n");
}

function renderPrometheus(attributes: PrometheusAttributes): ApisixObject {
  const { exportAddr, refreshInterval, defaultBuckets } = attributes;
  return wire({
    ...attributes,
    exportAddr: wireOptional(exportAddr),
    refreshInterval: seconds(refreshInterval),
    defaultBuckets: defaultBuckets?.map((bucket) => milliseconds(bucket)),
  });
}

/** JSON without `[[`, which begins an action in the template of a gateway's job. */
function flowText(value: ApisixObject): string {
  return oneLine(value).replaceAll(/"(?:[^"\\]|\\.)*"|\[(?=\[)/g, (part) =>
    part === "[" ? "[ " : part.replaceAll("[[", "\\u005b["),
  );
}

/** @param plugins that the gateway loads @param secrets names of its secrets */
export function pluginAttributeFailures(
  attributes: PluginAttributes,
  plugins: readonly string[],
  secrets: readonly string[],
): Failure[] {
  const { redirect = {}, prometheus = {}, other = {} } = attributes;
  const at = "pluginAttributes";
  const port = { min: 1, max: 65535 };
  return [
    ...numberFailures({ [`${at}.redirect.httpsPort`]: redirect.httpsPort }, port, "443 is usual"),
    ...textFailures(
      { [`${at}.prometheus.exportUri`]: prometheus.exportUri },
      /^\/\S*$/,
      "must start with '/'",
      "write it like '/metrics'",
    ),
    ...textFailures(
      { [`${at}.prometheus.metricPrefix`]: prometheus.metricPrefix },
      /^[a-zA-Z_:][\w:]*$/,
      "must be the beginning of a metric's name",
      "write it like 'apisix_'",
    ),
    ...numberFailures({ [`${at}.prometheus.exportAddr.port`]: prometheus.exportAddr?.port }, port, "9091 is usual"),
    ...durationFailures({ [`${at}.prometheus.refreshInterval`]: prometheus.refreshInterval }, { above: "0s" }),
    ...(prometheus.defaultBuckets ?? []).flatMap((bucket) =>
      durationFailures({ [`${at}.prometheus.defaultBuckets`]: bucket }, { above: "0s" }),
    ),
    ...Object.keys(other).flatMap((name) => ownerFailures(`${at}.other`, name, plugins)),
    ...unknownSecretFailures(attributes, secrets),
  ];
}

function ownerFailures(property: string, got: string, plugins: readonly string[]): Failure[] {
  if (got === "redirect" || got === "prometheus")
    return [{ property, rule: "can't hold what has a property of its own", got, cure: `use pluginAttributes.${got}` }];
  if (plugins.some((plugin) => plugin === got || factsOf(plugin)?.attributesOf === got)) return [];
  const cure = "add it to the gateway's 'plugins', or mind the spelling";
  return [{ property, rule: "must be of plugins that the gateway loads, or it does nothing", got, cure }];
}

/** APISIX does not start with a variable that it has not. */
function unknownSecretFailures(attributes: PluginAttributes, secrets: readonly string[]): Failure[] {
  return leavesOf(without(attributes, "redirect"), "pluginAttributes").flatMap(({ at, value }) =>
    [...String(value).matchAll(/\$\{\{\s*(\w+)[^}]*\}\}/g)]
      .filter(([, name = ""]) => !secrets.includes(name))
      .map(([got]) => ({
        property: at,
        rule: "must name secrets of the gateway",
        got,
        cure: "add it to the gateway's 'secrets'",
      })),
  );
}
