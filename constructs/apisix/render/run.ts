import { GatewaySettings } from "../gateway-settings";
import { IN_CONTAINER, machineGatewayFolders } from "./folders";

/** Seconds after which a director sends no more clients to an instance that Consul doesn't name: its lag at the worst. */
const DIRECTOR_LAG = 10;

/** Runs while a gateway waits for its turn to be started anew, and until it serves again. */
export function turnUnitOf(name: string): string {
  return `vipstack-gateway-${name}-turn.service`;
}

/** How a gateway's program reaches Consul and starts the container: parts of shell text. */
export interface Way {
  /** File with the sums of what the container was started with. */
  readonly started: string;
  /** Further functions. */
  readonly functions: string;
  readonly endMaintenance: string;
  readonly beginMaintenance: string;
  /** Before the secrets are taken. */
  readonly prepare: string;
  /** Takes the secret that `$secret` names. */
  readonly take: string;
  /** Removes a container whose name follows. */
  readonly remove: string;
  /** Makes what the container writes to. */
  readonly folders: string;
  /** Further options of `docker run`. */
  readonly options: string;
  /** Before the running container reads its configuration again. */
  readonly beforeReload: string;
  readonly beginTurn: (unit: string) => string;
  readonly lock: string;
  /** Succeeds once Consul names the instance. */
  readonly isHealthy: string;
}

/** Where Consul wants no token. */
export function openWay({ name, secretNames, memoryMiB }: GatewaySettings, service: string): Way {
  const { dump, secrets } = machineGatewayFolders(name);
  return {
    started: `/run/vipstack-gateway-${name}.started`,
    functions: "",
    endMaintenance: `consul maint -disable -service=${service}`,
    beginMaintenance: `timeout 10 consul maint -enable -service=${service} -reason="gateway ${name} stops"`,
    prepare: "",
    take: `value=$(cat "${secrets}/$secret"; echo .)\n    export "$secret=\${value%.}"`,
    remove: "docker rm --force",
    folders: `# Whatever user the image runs as.\n  install -d -m 1777 ${dump}`,
    options: `--memory ${memoryMiB}m${secretNames.map((secret) => ` --env ${secret}`).join("")}`,
    beforeReload: "",
    beginTurn: (unit) =>
      `systemctl is-active --quiet ${unit} ||\n    exec systemd-run --quiet --collect --unit ${unit} "$0" turn`,
    lock: "consul lock",
    isHealthy: `curl --silent --fail --output /dev/null "http://127.0.0.1:8500/v1/agent/health/service/id/${service}"`,
  };
}

/**
 * `start`, `stop` and `reload` of a gateway's container; what its unit calls.
 *
 * @param address of its machine, on which it says whether it has its routes
 */
export function renderRunScript(settings: GatewaySettings, address: string, way: Way): string {
  const { name, secretNames, image, statusPort } = settings;
  const { config, document, dump, secrets } = machineGatewayFolders(name);
  return `#!/bin/sh
# The container of gateway ${name}. Usage: gateway-${name} start | stop | reload
set -eu

# What a container that runs can't take: other secrets, and what this program says of its image and its memory.
sums() { sha256sum "$0" ${secrets}/* 2>/dev/null || true; }

is_current() { [ "$(sums)" = "$(cat ${way.started} 2>/dev/null)" ]; }

runs() { docker container inspect gateway-${name} >/dev/null 2>&1; }
${way.functions}
# What stop began, once the gateway has its routes again.
end_maintenance() {
  until curl --silent --fail --output /dev/null http://${address}:${statusPort}/status/ready &&
    ${way.endMaintenance}; do sleep 1; done
}

start() {
  ${way.prepare}for secret in ${secretNames.join(" ")}; do
    if ! [ -s "${secrets}/$secret" ]; then
      echo "gateway ${name}: secret $secret is missing: a deployment brings it to ${secrets}/$secret" >&2
      exit 1
    fi
    ${way.take}
  done
  sums > ${way.started}
  ${way.remove} gateway-${name} >/dev/null 2>&1 || true
  if ! docker image inspect ${image} >/dev/null 2>&1 && ! docker pull --quiet ${image} >/dev/null; then
    echo "gateway ${name}: image ${image} can't be had: mend what docker says above, or bring it in: docker load" >&2
    exit 1
  fi
  ${way.folders}
  end_maintenance &
  # The journal has its log, which keeps itself small. Docker's own copy would grow for as long as the container runs.
  exec docker run --rm --name gateway-${name} --network host ${way.options} \\
    --log-opt max-size=10m \\
    --volume ${config}:${IN_CONTAINER.config}:ro --volume ${document}:${IN_CONTAINER.document}:ro \\
    --volume ${dump}:${IN_CONTAINER.dump} --entrypoint /bin/sh ${image} ${IN_CONTAINER.config}/start
}

stop() {
  if ! runs; then exit 0; fi
  # Until every director has heard that it leaves, it goes on answering. Without Consul none would hear it.
  if ${way.beginMaintenance}; then
    sleep ${DIRECTOR_LAG}
  fi
  # Requests that are going on may end.
  exec docker stop --time 40 gateway-${name}
}

reload() {
  if ! runs; then
    if ! is_current; then exec systemctl --no-block restart ${unitOf(name)}; fi
    echo "gateway ${name}: not up yet; it will start with what is there" >&2
    exit 0
  fi
  if is_current; then ${way.beforeReload}exec docker exec gateway-${name} /bin/sh ${IN_CONTAINER.config}/start reload; fi
  # Another container, in a unit of its own: the one that reloads can't restart itself.
  ${way.beginTurn(turnUnitOf(name))}
}

# One gateway at a time, so that the others go on: Consul keeps the order. Without Consul no director would hear of it either.
turn() {
  until is_current; do
    ${way.lock} -child-exit-code -timeout=15m ${lockOf(name)} "$0" renew || is_current || renew
  done
}

# The next one's turn comes once Consul names this one again and every director has heard of it. If it never serves, none comes.
renew() {
  if is_current; then exit 0; fi
  systemctl restart ${unitOf(name)}
  until ${way.isHealthy}; do sleep 1; done
  sleep ${DIRECTOR_LAG}
}

"$1"
`;
}

/** Folder in Consul of the lock that keeps the order in which gateways of this name are started anew. */
export function lockOf(name: string): string {
  return `vipstack/gateway/${name}`;
}

/** Its unit on the machine. */
export function unitOf(name: string): string {
  return `vipstack-gateway-${name}.service`;
}

/**
 * It is started at every boot and whenever it ends; what it lacks may come minutes later.
 *
 * @param confined file without which it is not started, and further lines of its section `[Service]`
 */
export function renderGatewayUnit(
  name: string,
  program: string,
  confined?: { readonly needs: string; readonly service: string },
): string {
  return `[Unit]
Description=APISIX gateway ${name}
Documentation=https://apisix.apache.org/docs/
Wants=network-online.target docker.service consul.service
After=network-online.target docker.service consul.service
${confined === undefined ? "" : `ConditionPathExists=${confined.needs}\n`}StartLimitIntervalSec=0

[Service]
Type=exec
StateDirectory=vipstack/gateway/${name}/document
${confined?.service ?? ""}ExecStart=${program} start
ExecReload=${program} reload
ExecStop=${program} stop
TimeoutStopSec=90
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
`;
}
