import { consulWait } from "./consul-wait";
import { PluginAttributes } from "./plugin-attributes";

/** Options of every gateway, on Nomad clients and on machines. */
export interface GatewayOptions {
  /** Its name in Consul, and of its folder there. A DNS label. @default - the construct's id */
  readonly name?: string;
  /**
   * Of APISIX, 3.16.0 or newer; 3.18 keeps the health of nodes when a route changes. Fields of objects are checked against it.
   *
   * @default - that of the image's tag (`apache/apisix:3.17.0-debian`), else 3.18.0
   */
  readonly version?: string;
  /** As in `docker pull`; it must hold APISIX where the official image does. @default apache/apisix:VERSION-debian */
  readonly image?: string;
  /** For plain HTTP, on every address of its machine. @default 9080 */
  readonly httpPort?: number;
  /** For HTTPS, on every address of its machine; it answers for the certificates that it was given. @default 9443 */
  readonly httpsPort?: number;
  /** For `/status/ready`, by which Consul knows that it has its routes; on the machine's own address. @default 7085 */
  readonly statusPort?: number;
  /** For TCP and UDP that a `StreamRoute` forwards. @default - none */
  readonly streamPorts?: StreamPorts;
  /** Worker processes, 1 to 64; each takes some 30 MiB. @default 1 */
  readonly workers?: number;
  /** The most memory it gets, in MiB, 128 to 65536. @default 256 */
  readonly memory?: number;
  /** Whether it writes a line a request to its log. @default true */
  readonly accessLog?: boolean;
  /**
   * Addresses or networks of proxies in front that say in `X-Forwarded-For` who the client is. A director is none: with direct
   * routing, tunneling or as the gateway of its real servers it leaves the client's address in place; with SNAT it is gone.
   *
   * @default - none: the client is who connects
   */
  readonly trustedAddresses?: readonly string[];
  /** Plugins that it loads beside the ones that have a maker in `Plugin`. A change restarts it. @default - none */
  readonly plugins?: readonly string[];
  /** Settings of plugins for the whole gateway: the port of a redirect, the address of metrics. @default - APISIX's own, but for the redirect's port */
  readonly pluginAttributes?: PluginAttributes;
  /**
   * Name to secret, a reference to a sensitive Terraform variable. Plugins, consumers and certificates name it by
   * `gateway.secret(NAME)`. Upper-case letters, digits, `_`.
   *
   * @default - none
   */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The user's second mode: an etcd and the Admin API in place of Consul's folder. @default - none: no Admin API at all */
  readonly admin?: AdminOptions;
}

/** Ports on every address of the machine, 1 to 65535. */
export interface StreamPorts {
  /** @default - none */
  readonly tcp?: readonly number[];
  /** @default - none */
  readonly udp?: readonly number[];
}

/**
 * The Admin API, with etcd behind it. Routes are then made by requests, and no construct can be given to the gateway.
 *
 * @see https://apisix.apache.org/docs/apisix/admin-api/
 */
export interface AdminOptions {
  /** Where etcd answers: `["http://10.0.0.5:2379"]`. Gateways with one etcd and prefix are equal. */
  readonly etcd: readonly string[];
  /** The key of `X-API-KEY`, a reference to a sensitive Terraform variable. */
  readonly key: string;
  /** What secrets in etcd are encrypted with: 16 or 32 characters, a reference to a sensitive Terraform variable. */
  readonly dataEncryptionKey: string;
  /** On 127.0.0.1 of its machine. @default 9180 */
  readonly port?: number;
  /** Of its keys in etcd. @default "/apisix" */
  readonly prefix?: string;
}

/** A container image, and what listens where: everything that was left out filled in. */
export interface GatewaySettings {
  readonly name: string;
  readonly version: string;
  readonly image: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly statusPort: number;
  readonly workers: number;
  readonly memory: number;
  readonly accessLog: boolean;
  readonly streamPorts: Required<StreamPorts>;
  readonly trustedAddresses: readonly string[];
  readonly pluginAttributes: PluginAttributes;
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
    workers: options.workers ?? 1,
    memory: options.memory ?? 256,
    accessLog: options.accessLog ?? true,
    streamPorts: { tcp: streamPorts?.tcp ?? [], udp: streamPorts?.udp ?? [] },
    trustedAddresses: options.trustedAddresses ?? [],
    pluginAttributes: options.pluginAttributes ?? {},
    consulWait: consulWait(consul),
    secretNames: Object.keys(allSecrets({ admin, secrets })).sort(),
    admin: admin && { etcd: admin.etcd, port: admin.port ?? 9180, prefix: admin.prefix ?? "/apisix" },
  };
}

/** The version in an image's tag: `3.17.0` of `apache/apisix:3.17.0-debian`. */
export function versionOf(image: string | undefined): string | undefined {
  return /(?:^|\/)apisix:(\d+\.\d+\.\d+)(?:[-@]|$)/.exec(image ?? "")?.[1];
}

/** Name to secret, the Admin API's own two included. */
export function allSecrets({ admin, secrets }: Pick<GatewayOptions, "admin" | "secrets">): Record<string, string> {
  if (admin === undefined) return { ...secrets };
  return { [ADMIN_KEY]: admin.key, [DATA_ENCRYPTION_KEY]: admin.dataEncryptionKey, ...secrets };
}
