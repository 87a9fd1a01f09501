import { GatewayFolders } from "../gateway-settings";

/**
 * What runs in the container: `start`, or `reload` beside it. The routes' file is a link into a folder that is mounted whole: a
 * single file that is mounted would stay as it was when the container started, whatever is renamed over it.
 *
 * @param admin whether routes are etcd's, so that there is no file of them
 */
export function renderStartScript({ config, document, secrets }: GatewayFolders, admin: boolean): string {
  return `#!/bin/sh
set -eu
if ! cd /usr/local/apisix 2>/dev/null; then
  echo "this image is no APISIX: it has no /usr/local/apisix" >&2
  exit 1
fi
${secrets === undefined ? "" : takeSecrets(secrets)}
# APISIX does not start where the machine names no resolver. Consul's agent is one, for Consul's own names at least.
resolver='/^apisix:$/a\\  dns_resolver: ["127.0.0.1:8600"]'
if grep -q '^nameserver' /etc/resolv.conf; then resolver=; fi
sed "$resolver" ${config}/config.yaml > conf/config.yaml.new
mv conf/config.yaml.new conf/config.yaml
if [ "\${1:-start}" = reload ]; then exec apisix reload; fi
${secrets === undefined ? "" : CLEAR_BUFFERS}
${admin ? "apisix init\napisix init_etcd" : `ln -sf ${document}/apisix.yaml conf/apisix.yaml\napisix init`}
exec openresty -p /usr/local/apisix -g 'daemon off;'
`;
}

/** The secrets are not in the container's own environment, which `docker inspect` shows. */
function takeSecrets(folder: string): string {
  return `if ! [ -w conf ]; then
  echo "this image does not let user $(id -u) write to /usr/local/apisix/conf" >&2
  exit 1
fi
for secret in ${folder}/[A-Z]*; do
  [ -e "$secret" ] || continue
  value=$(cat "$secret"; echo .)
  export "\${secret##*/}=\${value%.}"
done
`;
}

/** What was there when the container before this one was killed. */
const CLEAR_BUFFERS = "rm -rf /tmp/* ./*_temp/*\n";
