import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ADMIN_KEY, DATA_ENCRYPTION_KEY, GatewayFolders, GatewaySettings } from "../gateway-settings";
import { renderPluginAttributes } from "../plugins/attributes";
import { pluginRuns } from "../plugins/catalogue";

/** The name of a file beside a gateway's config.yaml: what APISIX does with a service of which no instance is healthy. */
export const WHEN_EMPTY = "when-empty.lua";

/** That file. */
export function whenEmptyHook(): string {
  return program(WHEN_EMPTY);
}

/** Another one, where Consul wants a token: it makes APISIX read the token, and uses the first one. */
export const CONSUL_TOKEN = "consul-token.lua";

/** That file. @param token file with the token, in the container */
export function consulTokenHook(token: string): string {
  return program(CONSUL_TOKEN).replace("TOKEN-FILE", token);
}

function program(name: string): string {
  return readFileSync(join(__dirname, "..", "programs", name), "utf8");
}

/** What a gateway's configuration has of the machine or container that it runs on. */
export interface GatewayHost {
  /** The machine's own address, on which Consul asks for its status. */
  readonly address: string;
  readonly folders: GatewayFolders;
  /** Further ports for plain HTTP: those of virtual addresses that direct routing brings here. */
  readonly virtualPorts: readonly number[];
  /** The port by which clients reach `httpsPort`. */
  readonly redirectPort: number;
}

/**
 * APISIX's config.yaml. What stands in it changes with a restart only; routes are not in it.
 *
 * @see https://github.com/apache/apisix/blob/master/conf/config.yaml.example
 */
export function renderGatewayConfig(settings: GatewaySettings, host: GatewayHost): string {
  const { plugins } = settings;
  return [
    deployment(settings),
    apisix(settings, host),
    nginx(settings),
    discovery(settings, host),
    "# Only these: a smaller surface, and less to load. A route with another one would be dropped.",
    `plugins: ${list(plugins.filter((plugin) => pluginRuns(plugin).requests))}`,
    `stream_plugins: ${list(plugins.filter((plugin) => pluginRuns(plugin).connections))}`,
    "plugin_attr:",
    "  # Where clients are sent from http to https: the port that they use, which a director may lead to another one.",
    renderPluginAttributes(settings.pluginAttributes, host.redirectPort),
    "",
  ].join("\n");
}

function deployment({ admin }: GatewaySettings): string {
  if (admin === undefined)
    return `# No etcd and no Admin API: routes come as a file, rendered from Consul's key/value store.
deployment:
  role: data_plane
  role_data_plane:
    config_provider: yaml`;
  return `# Routes are made by the Admin API, and kept by etcd.
deployment:
  role: traditional
  role_traditional:
    config_provider: etcd
  etcd:
    host: ${list(admin.etcd)}
    prefix: ${admin.prefix}
  admin:
    # On loopback: a client with the key can redirect all traffic.
    admin_listen:
      ip: 127.0.0.1
      port: ${admin.port}
    allow_admin: ["127.0.0.0/8"]
    enable_admin_ui: false
    # Without a key of its own APISIX makes one up and writes this file anew.
    admin_key:
      - name: admin
        key: "\${{${ADMIN_KEY}}}"
        role: admin`;
}

function apisix(settings: GatewaySettings, { address, virtualPorts, folders }: GatewayHost): string {
  const { httpPort, httpsPort, statusPort, controlPort, streamPorts, trustedAddresses, admin } = settings;
  const ports = [...new Set([httpPort, ...virtualPorts])];
  const streams = streamPorts.tcp.length + streamPorts.udp.length > 0;
  const hook = folders.token === undefined ? WHEN_EMPTY : CONSUL_TOKEN;
  return [
    "apisix:",
    "  # What happens when no instance of a service is healthy.",
    `  extra_lua_path: "${folders.config}/?.lua"`,
    `  lua_module_hook: ${hook.replace(/\.lua$/, "")}`,
    `  node_listen: ${list(ports)}`,
    "  enable_ipv6: true",
    "  ssl:",
    "    enable: true",
    `    listen: [{ port: ${httpsPort} }]`,
    ...(streams ? ['  proxy_mode: "http&stream"', "  stream_proxy:"] : []),
    ...(streamPorts.tcp.length > 0 ? [`    tcp: ${list(streamPorts.tcp)}`] : []),
    ...(streamPorts.udp.length > 0 ? [`    udp: ${list(streamPorts.udp)}`] : []),
    "  # /status/ready is good once every worker has its routes: until then Consul calls it critical.",
    "  status:",
    `    ip: ${address}`,
    `    port: ${statusPort}`,
    "  # What is sick, what Consul said: for people on this machine.",
    "  enable_control: true",
    "  control:",
    "    ip: 127.0.0.1",
    `    port: ${controlPort}`,
    "  # The keys that APISIX comes with are public.",
    "  data_encryption:",
    ...(admin === undefined
      ? [
          "    # Nothing is stored, so nothing has to be encrypted.",
          "    enable_encrypt_fields: false",
          "    keyring: null",
        ]
      : ["    enable_encrypt_fields: true", `    keyring: ["\${{${DATA_ENCRYPTION_KEY}}}"]`]),
    ...(trustedAddresses.length > 0 ? [`  trusted_addresses: ${list(trustedAddresses)}`] : []),
  ].join("\n");
}

function nginx({ workers, accessLog, trustedAddresses, secretNames }: GatewaySettings): string {
  return [
    "nginx_config:",
    `  worker_processes: ${workers}`,
    "  # How long requests of a gateway that stops may go on.",
    "  worker_shutdown_timeout: 30s",
    ...(secretNames.length > 0 ? [`  envs: ${list(secretNames)}`] : []),
    "  http:",
    `    enable_access_log: ${accessLog}`,
    ...(trustedAddresses.length > 0
      ? [
          "    # These proxies say who the client is.",
          "    real_ip_header: X-Forwarded-For",
          '    real_ip_recursive: "on"',
          `    real_ip_from: ${list(["127.0.0.1", "unix:", ...trustedAddresses])}`,
        ]
      : []),
  ].join("\n");
}

function discovery({ name, consulWait }: GatewaySettings, { folders }: GatewayHost): string {
  return `discovery:
  consul:
    # The machine's own agent. Each entry is a cluster of its own here, so a second one would make nothing safer.
    servers: ["http://127.0.0.1:8500"]
    timeout:
      connect: 2000
      # An agent answers up to a sixteenth of 'wait' late, and a request that is cut makes the gateway wait 1, 4, 16, 64,
      # then 256 s before it asks again.
      read: 5000
      wait: ${consulWait}
    # Names of services and their instances; one that is too small would lose some of them silently.
    shared_size: 16m
    # Any change of any service makes it ask for every service again: not for those without a route.
    skip_services: ${list(["consul", "nomad", "nomad-client", name])}
    # What it knew last is there at once after a restart, when Consul is away, too.
    dump:
      path: ${folders.dump}/consul.json
      load_on_init: true
      expire: 2592000`;
}

function list(items: readonly (string | number)[]): string {
  return JSON.stringify(items);
}
