import { Token } from "cdktf";
import { Failure } from "../private/failure";
import { isVersion, versionAtLeast } from "../private/version";
import { portFailures } from "./gateway-ports";
import { PluginAttributes, pluginAttributeFailures } from "./plugins/attributes";
import { DEFAULT_PLUGINS, factsOf, isKnownPlugin, OLDEST_APISIX } from "./plugins/catalogue";
import { leavesOf } from "./render/document";
import { numberFailures, subnetFailures, textFailures } from "./values";

/** Options of every gateway, on Nomad clients and on machines. */
export interface GatewayOptions {
  /** Name of its service and of its folder in Consul; a DNS label. @default - the construct's id */
  readonly name?: string;
  /**
   * Version of APISIX, 3.16.0 or newer; fields of objects are checked against it. From 3.18 on, the health of nodes is kept when their
   * route changes.
   *
   * @default - that of the image's tag (`apache/apisix:3.17.0-debian`), else 3.18.0
   */
  readonly version?: string;
  /** Container image, compatible with the official one (`/usr/local/apisix`, user 636). @default apache/apisix:VERSION-debian */
  readonly image?: string;
  /** Port for plain HTTP, on every address of the machine. @default 9080 */
  readonly httpPort?: number;
  /** Port for HTTPS, on every address of the machine; served with the gateway's `Certificate`s. @default 9443 */
  readonly httpsPort?: number;
  /** Port for `/status/ready`, which Consul checks; on the machine's own address. @default 7085 */
  readonly statusPort?: number;
  /**
   * Port of APISIX's control API, which shows unhealthy nodes and Consul's last answer; on 127.0.0.1 of the machine. Two gateways of one
   * machine need two ports.
   *
   * @default 9090
   * @see https://apisix.apache.org/docs/apisix/control-api/
   */
  readonly controlPort?: number;
  /** Ports for TCP and UDP that a `StreamRoute` forwards. @default - none */
  readonly streamPorts?: StreamPorts;
  /** Number of worker processes, 1 to 64; each needs about 30 MiB. @default 1 */
  readonly workers?: number;
  /** Memory limit in MiB, 128 to 65536. @default 256 */
  readonly memoryMiB?: number;
  /** Whether it logs each request. @default true */
  readonly accessLog?: boolean;
  /**
   * Addresses and subnets of HTTP proxies in front, whose `X-Forwarded-For` is trusted. A director is no such proxy: it keeps the client's
   * address, or, with SNAT, replaces it.
   *
   * @default - none: the client is the peer of the connection
   */
  readonly trustedAddresses?: readonly string[];
  /** Names of plugins that it loads in addition to those with a function of `Plugin`. A change restarts it. @default - none */
  readonly plugins?: readonly string[];
  /** Settings of plugins for the whole gateway (`plugin_attr`), for example the address of metrics. @default - APISIX's own, except the port of redirects */
  readonly pluginAttributes?: PluginAttributes;
  /**
   * Secrets by their names: upper-case letters, digits, `_`. Each value is a reference to a sensitive Terraform variable. Plugins, consumers
   * and certificates name a secret by `gateway.secret("NAME")`.
   *
   * @default - none
   */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Takes routes from APISIX's Admin API and etcd in place of Consul's folder. @default - no Admin API */
  readonly admin?: AdminOptions;
}

/** Ports on every address of the machine, 1 to 65535. */
export interface StreamPorts {
  /** TCP ports. @default - none */
  readonly tcp?: readonly number[];
  /** UDP ports. @default - none */
  readonly udp?: readonly number[];
}

/**
 * The Admin API with etcd. Routes are then made by requests to it, and the gateway accepts no `Route`.
 *
 * @see https://apisix.apache.org/docs/apisix/admin-api/
 */
export interface AdminOptions {
  /** URLs of etcd: `["http://10.0.0.5:2379"]`. Gateways with the same etcd and prefix serve the same routes. */
  readonly etcd: readonly string[];
  /** Key that requests send in `X-API-KEY`, a reference to a sensitive Terraform variable. */
  readonly key: string;
  /** Key that encrypts secrets in etcd: 16 or 32 characters, a reference to a sensitive Terraform variable. */
  readonly dataEncryptionKey: string;
  /** Port of the Admin API, on 127.0.0.1 of the machine. @default 9180 */
  readonly port?: number;
  /** Key prefix in etcd. @default "/apisix" */
  readonly prefix?: string;
}

/** The options of a gateway, with defaults for what was left out. */
export interface GatewaySettings {
  readonly name: string;
  readonly version: string;
  readonly image: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly statusPort: number;
  readonly controlPort: number;
  readonly workers: number;
  readonly memoryMiB: number;
  readonly accessLog: boolean;
  readonly streamPorts: Required<StreamPorts>;
  readonly trustedAddresses: readonly string[];
  readonly pluginAttributes: PluginAttributes;
  /** All that it loads. */
  readonly plugins: readonly string[];
  /** Seconds that a question to Consul stays open where nothing changes. */
  readonly consulWait: number;
  /** Names of secrets that the container gets as environment, the Admin API's included. */
  readonly secretNames: readonly string[];
  readonly admin?: { readonly etcd: readonly string[]; readonly port: number; readonly prefix: string };
}

/** Where its files are in the container. */
export interface GatewayFolders {
  /** config.yaml and the start script. */
  readonly config: string;
  /** apisix.yaml. */
  readonly document: string;
  /** Writable: the last answer of Consul. */
  readonly dump: string;
  /** A file a secret. @default - secrets are in the environment */
  readonly secrets?: string;
  /** The file with the token for Consul. @default - Consul wants none */
  readonly token?: string;
}

/** Environment variables of the Admin API's own two secrets. */
export const ADMIN_KEY = "APISIX_ADMIN_KEY";
export const DATA_ENCRYPTION_KEY = "APISIX_DATA_ENCRYPTION_KEY";

/** @param consul its version @default - not known */
export function gatewaySettings(id: string, options: GatewayOptions, consul?: string): GatewaySettings {
  const { version = versionOf(options.image) ?? "3.18.0", admin, secrets = {}, streamPorts } = options;
  return {
    name: options.name ?? id,
    version,
    image: options.image ?? `apache/apisix:${version}-debian`,
    httpPort: options.httpPort ?? 9080,
    httpsPort: options.httpsPort ?? 9443,
    statusPort: options.statusPort ?? 7085,
    controlPort: options.controlPort ?? 9090,
    workers: options.workers ?? 1,
    memoryMiB: options.memoryMiB ?? 256,
    accessLog: options.accessLog ?? true,
    streamPorts: { tcp: streamPorts?.tcp ?? [], udp: streamPorts?.udp ?? [] },
    trustedAddresses: options.trustedAddresses ?? [],
    pluginAttributes: options.pluginAttributes ?? {},
    plugins: [...new Set([...DEFAULT_PLUGINS, ...(options.plugins ?? [])])].sort(),
    consulWait: consulWait(consul),
    secretNames: Object.keys(allSecrets({ admin, secrets })).sort(),
    admin: admin && { etcd: admin.etcd, port: admin.port ?? 9180, prefix: admin.prefix ?? "/apisix" },
  };
}

/**
 * How long a Consul of that version lets a question stay open, in seconds. Its HTTP server got a write timeout of 30 s in January 2026, for
 * slow clients, and one of 15 min in 1.22.5; before that it had none. 1.22.3 counts as one that cuts, since the change was on its branch at
 * the time.
 *
 * @see https://github.com/hashicorp/consul/pull/22739
 * @see https://github.com/hashicorp/consul/pull/23267
 */
function consulWait(version: string | undefined): number {
  const [long, short] = [60, 25];
  // Of a Consul that others run nothing may be known. A short question costs one more a minute, a cut one up to 256 s.
  if (version === undefined) return short;
  return versionAtLeast(version, "1.22.3") && !versionAtLeast(version, "1.22.5") ? short : long;
}

/** The version in an image's tag: `3.17.0` of `apache/apisix:3.17.0-debian`. */
function versionOf(image: string | undefined): string | undefined {
  return /(?:^|\/)apisix:(\d+\.\d+\.\d+)(?:[-@]|$)/.exec(image ?? "")?.[1];
}

/** Name to secret, the Admin API's own two included. */
export function allSecrets({ admin, secrets }: Pick<GatewayOptions, "admin" | "secrets">): Record<string, string> {
  if (admin === undefined) return { ...secrets };
  return { [ADMIN_KEY]: admin.key, [DATA_ENCRYPTION_KEY]: admin.dataEncryptionKey, ...secrets };
}

/** What is wrong with the options of a gateway. */
export function gatewayFailures(options: GatewayOptions, settings: GatewaySettings): Failure[] {
  const { name, version, workers, memoryMiB, trustedAddresses } = settings;
  const tagged = versionOf(options.image);
  return [
    ...textFailures(
      { name },
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      "must be a DNS label: lower-case letters, digits and hyphens, at most 63",
      "choose a name like 'gateway'",
    ),
    ...apisixVersionFailures(version, "leave it out for 3.18.0"),
    ...(tagged === undefined || tagged === version
      ? []
      : [
          {
            property: "version",
            rule: `must be that of the image, ${options.image ?? ""}, which is what runs`,
            got: version,
            cure: "leave it out",
          },
        ]),
    ...numberFailures({ workers }, { min: 1, max: 64 }, "1 is enough for a lab, else one a core"),
    ...numberFailures({ memoryMiB }, { min: 128, max: 65536 }, "in MiB: 256 for one worker, 30 for each further one"),
    ...portFailures(settings),
    ...subnetFailures("trustedAddresses", trustedAddresses),
    ...pluginFailures(options, version),
    ...secretFailures(options),
    ...attributeFailures(settings),
    ...(options.admin === undefined ? [] : adminFailures(options.admin)),
  ];
}

/** What a release of APISIX doesn't ship can only be in an image of the user's own. */
function pluginFailures({ plugins = [], image }: GatewayOptions, version: string): Failure[] {
  const isOwnImage = image !== undefined && !/(^|\/)apache\/apisix[:@]/.test(image);
  return plugins
    .filter((plugin) => !isKnownPlugin(plugin, version) && !(isOwnImage && factsOf(plugin) === undefined))
    .map((got) => {
      const since = factsOf(got)?.since;
      const cure =
        since === undefined
          ? "mind the spelling (https://apisix.apache.org/docs/apisix/plugins/); a plugin of your own needs an 'image' that has it"
          : `give the gateway APISIX ${since} or newer, or leave it out`;
      return { property: "plugins", rule: `must hold plugins that APISIX ${version} has`, got, cure };
    });
}

/** Of a gateway's APISIX. */
export function apisixVersionFailures(version: string, cure: string): Failure[] {
  if (isVersion(version) && versionAtLeast(version, OLDEST_APISIX)) return [];
  const rule = `must be ${OLDEST_APISIX} or newer: workers of older ones may disagree on who is healthy in Consul`;
  return [{ property: "version", rule, got: version, cure }];
}

function attributeFailures({ pluginAttributes, plugins, secretNames }: GatewaySettings): Failure[] {
  const unknown = leavesOf(pluginAttributes, "pluginAttributes").filter(({ value }) => Token.isUnresolved(value));
  if (unknown.length === 0) return pluginAttributeFailures(pluginAttributes, plugins, secretNames);
  return unknown.map(({ at }) => ({
    property: at,
    rule: "must be known at synth, and this is a reference that Terraform resolves later",
    cure: "add it to the gateway's 'secrets', and write '${{NAME}}' here",
  }));
}

function secretFailures({ admin, secrets = {} }: GatewayOptions): Failure[] {
  const properties: Readonly<Record<string, string>> = {
    [ADMIN_KEY]: "admin.key",
    [DATA_ENCRYPTION_KEY]: "admin.dataEncryptionKey",
  };
  const taken = [ADMIN_KEY, DATA_ENCRYPTION_KEY, "PATH"];
  return [
    ...Object.keys(secrets)
      .filter((name) => !/^[A-Z][A-Z0-9_]{0,62}$/.test(name) || taken.includes(name))
      .map((got) => ({
        property: "secrets",
        rule: "must have names of upper-case letters, digits and '_', and none that is taken",
        got,
        cure: "choose a name like 'ALICE_KEY'",
      })),
    ...Object.entries(allSecrets({ admin, secrets }))
      .filter(([, value]) => !Token.isUnresolved(value))
      .map(([name]) => ({
        property: properties[name] ?? `secrets.${name}`,
        rule: "must be a reference to a sensitive Terraform variable, or every reader of the synthesized JSON has it",
        cure: 'new TerraformVariable(stack, "key", { sensitive: true }).stringValue, and TF_VAR_key at the deployment',
      })),
  ];
}

function adminFailures({ etcd, prefix }: AdminOptions): Failure[] {
  return [
    ...(etcd.length > 0
      ? []
      : [
          {
            property: "admin.etcd",
            rule: "must hold at least one address",
            cure: 'for example ["http://10.0.0.5:2379"]',
          },
        ]),
    ...etcd.flatMap((address) =>
      textFailures(
        { "admin.etcd": address },
        /^https?:\/\/[^/]+$/,
        "must hold URLs without a path",
        "write it like 'http://10.0.0.5:2379'",
      ),
    ),
    ...textFailures(
      { "admin.prefix": prefix },
      /^\/[\w/-]*\w$/,
      "must be a path that starts with '/' and doesn't end with it",
      "leave it out for '/apisix'",
    ),
  ];
}
