import { GatewaySettings } from "../gateway-settings";

/** Where the files of a gateway are on its machine. */
export interface MachineGatewayFolders {
  /** config.yaml and the start script, mounted into the container. */
  readonly config: string;
  /** apisix.yaml, which consul-template writes; it outlives the machine's restarts. */
  readonly document: string;
  readonly dump: string;
  /** A file a secret. */
  readonly secrets: string;
}

export function machineGatewayFolders(name: string): MachineGatewayFolders {
  const state = `/var/lib/vipstack/gateway/${name}`;
  return {
    config: `/etc/vipstack/gateway/${name}`,
    document: `${state}/document`,
    dump: `${state}/dump`,
    secrets: `/etc/vipstack/secrets/gateway/${name}`,
  };
}

/** The same folders in its container. */
export const IN_CONTAINER = {
  config: "/gateway/config",
  document: "/gateway/document",
  dump: "/gateway/dump",
} as const;

/** Seconds after which a director sends no more clients to an instance that Consul doesn't name: its lag at the worst. */
const DIRECTOR_LAG = 10;

/** Runs while a gateway waits for its turn to be started anew, and until it serves again. */
export function turnUnitOf(name: string): string {
  return `vipstack-gateway-${name}-turn.service`;
}

/**
 * `start`, `stop` and `reload` of a gateway's container; what its unit calls.
 *
 * @param address of its machine, on which it says whether it has its routes
 * @param service its id at the machine's Consul agent
 */
export function renderRunScript(settings: GatewaySettings, address: string, service: string): string {
  const { name, secretNames, image, memoryMiB, statusPort } = settings;
  const { config, document, dump, secrets } = machineGatewayFolders(name);
  const started = `/run/vipstack-gateway-${name}.started`;
  const environment = secretNames.map((secret) => ` --env ${secret}`).join("");
  return `#!/bin/sh
# The container of gateway ${name}. Usage: gateway-${name} start | stop | reload
set -eu

# What a container that runs can't take: other secrets, and what this program says of its image and its memory.
sums() { sha256sum "$0" ${secrets}/* 2>/dev/null || true; }

is_current() { [ "$(sums)" = "$(cat ${started} 2>/dev/null)" ]; }

runs() { docker container inspect gateway-${name} >/dev/null 2>&1; }

# What stop began, once the gateway has its routes again.
end_maintenance() {
  until curl --silent --fail --output /dev/null http://${address}:${statusPort}/status/ready &&
    consul maint -disable -service=${service}; do sleep 1; done
}

start() {
  for secret in ${secretNames.join(" ")}; do
    if ! [ -s "${secrets}/$secret" ]; then
      echo "gateway ${name}: secret $secret is missing: a deployment brings it to ${secrets}/$secret" >&2
      exit 1
    fi
    value=$(cat "${secrets}/$secret"; echo .)
    export "$secret=\${value%.}"
  done
  sums > ${started}
  docker rm --force gateway-${name} >/dev/null 2>&1 || true
  if ! docker image inspect ${image} >/dev/null 2>&1 && ! docker pull --quiet ${image} >/dev/null; then
    echo "gateway ${name}: image ${image} can't be had: mend what docker says above, or bring it in: docker load" >&2
    exit 1
  fi
  # Whatever user the image runs as.
  install -d -m 1777 ${dump}
  end_maintenance &
  # The journal has its log, which keeps itself small. Docker's own copy would grow for as long as the container runs.
  exec docker run --rm --name gateway-${name} --network host --memory ${memoryMiB}m${environment} \\
    --log-opt max-size=10m \\
    --volume ${config}:${IN_CONTAINER.config}:ro --volume ${document}:${IN_CONTAINER.document}:ro \\
    --volume ${dump}:${IN_CONTAINER.dump} --entrypoint /bin/sh ${image} ${IN_CONTAINER.config}/start
}

stop() {
  if ! runs; then exit 0; fi
  # Until every director has heard that it leaves, it goes on answering. Without Consul none would hear it.
  if timeout 10 consul maint -enable -service=${service} -reason="gateway ${name} stops"; then
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
  if is_current; then exec docker exec gateway-${name} /bin/sh ${IN_CONTAINER.config}/start reload; fi
  # Another container, in a unit of its own: the one that reloads can't restart itself.
  systemctl is-active --quiet ${turnUnitOf(name)} ||
    exec systemd-run --quiet --collect --unit ${turnUnitOf(name)} "$0" turn
}

# One gateway at a time, so that the others go on: Consul keeps the order. Without Consul no director would hear of it either.
turn() {
  until is_current; do
    consul lock -child-exit-code -timeout=15m vipstack/gateway/${name} "$0" renew || is_current || renew
  done
}

# The next one's turn comes once Consul names this one again and every director has heard of it. If it never serves, none comes.
renew() {
  if is_current; then exit 0; fi
  systemctl restart ${unitOf(name)}
  until curl --silent --fail --output /dev/null "http://127.0.0.1:8500/v1/agent/health/service/id/${service}"; do sleep 1; done
  sleep ${DIRECTOR_LAG}
}

"$1"
`;
}

/** Its unit on the machine. */
export function unitOf(name: string): string {
  return `vipstack-gateway-${name}.service`;
}

/** It is started at every boot and whenever it ends; what it lacks may come minutes later. */
export function renderGatewayUnit(name: string, program: string): string {
  return `[Unit]
Description=APISIX gateway ${name}
Documentation=https://apisix.apache.org/docs/
Wants=network-online.target docker.service consul.service
After=network-online.target docker.service consul.service
StartLimitIntervalSec=0

[Service]
Type=exec
StateDirectory=vipstack/gateway/${name}/document
ExecStart=${program} start
ExecReload=${program} reload
ExecStop=${program} stop
TimeoutStopSec=90
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
`;
}
