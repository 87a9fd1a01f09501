import { GatewaySettings } from "./gateway-options";

/** Where everything of a gateway lies on its machine. */
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

/** `start` and `reload` of a gateway's container; what its unit calls. */
export function renderRunScript(settings: GatewaySettings): string {
  const { name, secretNames, image, memory } = settings;
  const { config, document, dump, secrets } = machineGatewayFolders(name);
  const environment = secretNames.map((secret) => ` --env ${secret}`).join("");
  return `#!/bin/sh
# The container of gateway ${name}. Usage: ${name} start | reload
set -eu

sums() { sha256sum ${secrets}/* 2>/dev/null || true; }

start() {
  for secret in ${secretNames.join(" ")}; do
    if ! [ -s "${secrets}/$secret" ]; then
      echo "gateway ${name}: secret $secret is missing: a deployment brings it to ${secrets}/$secret" >&2
      exit 1
    fi
    value=$(cat "${secrets}/$secret"; echo .)
    export "$secret=\${value%.}"
  done
  sums > /run/vipstack-gateway-${name}.secrets
  docker rm --force gateway-${name} >/dev/null 2>&1 || true
  if ! docker image inspect ${image} >/dev/null 2>&1 && ! docker pull --quiet ${image} >/dev/null; then
    echo "gateway ${name}: image ${image} can't be had: mend what docker says above, or bring it in: docker load" >&2
    exit 1
  fi
  # Whatever user the image runs as.
  install -d -m 1777 ${dump}
  exec docker run --rm --name gateway-${name} --network host --memory ${memory}m${environment} \\
    --volume ${config}:${IN_CONTAINER.config}:ro --volume ${document}:${IN_CONTAINER.document}:ro \\
    --volume ${dump}:${IN_CONTAINER.dump} --entrypoint /bin/sh ${image} ${IN_CONTAINER.config}/start
}

reload() {
  # Its environment is that of its start: another secret needs another container.
  if [ "$(sums)" != "$(cat /run/vipstack-gateway-${name}.secrets)" ]; then
    exec systemctl --no-block restart ${unitOf(name)}
  fi
  if ! docker container inspect gateway-${name} >/dev/null 2>&1; then
    echo "gateway ${name}: not up yet; it will start with what is there" >&2
    exit 0
  fi
  exec docker exec gateway-${name} /bin/sh ${IN_CONTAINER.config}/start reload
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
# Requests that are going on may end.
ExecStop=/usr/bin/docker stop --time 40 gateway-${name}
TimeoutStopSec=60
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
`;
}
