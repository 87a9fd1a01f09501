import { basename } from "node:path/posix";
import { HARDENED } from "../../agents";
import { GatewaySettings } from "../gateway-settings";
import { IN_CONTAINER, machineGatewayFolders } from "./folders";
import type { Way } from "./run";

/** The user `apisix` of the official images, and its group. */
export const APISIX_USER = "636";

/** Its folder of what is secret, in memory: on its machine, and in its container. */
const runFolder = (name: string): string => `/run/vipstack-gateway-${name}`;

/** The one file in it that is no variable of the environment. */
export const TOKEN_NAME = basename(IN_CONTAINER.token);

/** Folders of the image that hold the configuration in use and links to the log: a copy is made for each container. */
const COPIES = ["/usr/local/apisix/conf", "/usr/local/apisix/logs"];

/** What else nginx writes: bodies that are too big for its memory. They are on the disk, since memory is limited. */
const BUFFERS: Readonly<Record<string, string>> = Object.fromEntries([
  ["tmp", "/tmp"],
  ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => [kind, `/usr/local/apisix/${kind}_temp`]),
]) as Record<string, string>;

/** Files on a machine with the tokens of its gateway, for root only. */
export interface GatewayTokens {
  /** Reads routes and instances. The only one that its container gets. */
  readonly reading: string;
  /** Registers its service, and takes it into maintenance. */
  readonly service: string;
  /** Holds the lock while its container is replaced. */
  readonly turn: string;
}

/** Where Consul wants tokens: its container is no root, has no capabilities, and an image that can't be written. */
export function confinedWay({ name, memoryMiB }: GatewaySettings, service: string, tokens: GatewayTokens): Way {
  const folders = machineGatewayFolders(name);
  const secrets = `${runFolder(name)}/secrets`;
  const buffers = `${folders.state}/buffers`;
  const maintenance = (query: string): string =>
    `ask ${tokens.service} "agent/service/maintenance/${service}?${query}" --request PUT`;
  return {
    started: `${runFolder(name)}/started`,
    functions: `
# Asks Consul's agent. No list of processes shows the token: ask FILE PATH, and further options of curl
ask() {
  file=$1 path=$2
  shift 2
  { printf 'X-Consul-Token: '; cat "$file"; } |
    curl --silent --fail --output /dev/null --max-time 10 --header @- "$@" "http://127.0.0.1:8500/v1/$path"
}

# A file of secrets, for the container's user.
give() { install -m 0440 -g ${APISIX_USER} "$1" "${secrets}/$2"; }
`,
    endMaintenance: maintenance("enable=false"),
    beginMaintenance: maintenance(`enable=true&reason=gateway+${name}+stops`),
    prepare: `install -d -m 0750 -g ${APISIX_USER} ${secrets}\n  `,
    take: `give "${folders.secrets}/$secret" "$secret"`,
    remove: "docker rm --force --volumes",
    folders: `install -d -m 0770 -g ${APISIX_USER} ${folders.dump}
  for buffer in ${Object.keys(BUFFERS).join(" ")}; do install -d -m 0770 -g ${APISIX_USER} "${buffers}/$buffer"; done
  # There is nothing to serve before Consul has answered once; APISIX would ask again only after minutes.
  [ -e ${folders.dump}/consul.json ] || until ask ${tokens.reading} acl/token/self; do sleep 1; done
  give ${tokens.reading} ${TOKEN_NAME}`,
    options: `--memory ${memoryMiB}m --pids-limit 256 --ulimit core=0 \\
    --user ${APISIX_USER}:${APISIX_USER} --cap-drop ALL --security-opt no-new-privileges --read-only \\
    ${COPIES.map((path) => `--volume ${path}`).join(" ")} \\
    ${Object.entries(BUFFERS)
      .map(([buffer, path]) => `--volume ${buffers}/${buffer}:${path}`)
      .join(" \\\n    ")} \\
    --volume ${secrets}:${IN_CONTAINER.secrets}:ro`,
    beforeReload: `give ${tokens.reading} ${TOKEN_NAME}; `,
    beginTurn: (unit) => `exec systemctl --no-block start ${unit}`,
    lock: `CONSUL_HTTP_TOKEN_FILE=${tokens.turn} consul lock`,
    isHealthy: `ask ${tokens.service} "agent/health/service/id/${service}"`,
  };
}

/** Further lines of its unit's section `[Service]`. */
export function confinedService(name: string): string {
  return [
    `StateDirectory=${machineGatewayFolders(name).state.slice("/var/lib/".length)}`,
    `RuntimeDirectory=${runFolder(name).slice("/run/".length)}`,
    ...HARDENED,
    "# The container's user may read its secrets.",
    "CapabilityBoundingSet=CAP_CHOWN",
    "# Docker's credentials for registries.",
    "ProtectHome=read-only",
    "",
  ].join("\n");
}

/** The unit in which a gateway waits for its turn to get another container. It is started when it is needed. */
export function turnUnitText(name: string, program: string): string {
  return `[Unit]
Description=Another container for APISIX gateway ${name}, one gateway at a time

[Service]
Type=exec
ExecStart=${program} turn
${HARDENED.join("\n")}
`;
}
