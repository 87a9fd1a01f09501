import { GatewayFolders } from "./gateway-options";

/**
 * What runs in the container. Both files are links into folders that are mounted whole: a single file that is mounted would
 * stay as it was when the container started, whatever is renamed over it.
 *
 * @param admin whether routes are etcd's, so that there is no file of them
 */
export function renderStartScript({ config, document }: GatewayFolders, admin: boolean): string {
  const routes = admin
    ? ["apisix init", "apisix init_etcd"]
    : [`ln -sf ${document}/apisix.yaml conf/apisix.yaml`, "apisix init"];
  const lines = [
    "#!/bin/sh",
    "set -eu",
    "cd /usr/local/apisix",
    `ln -sf ${config}/config.yaml conf/config.yaml`,
    ...routes,
    "exec openresty -p /usr/local/apisix -g 'daemon off;'",
  ];
  return `${lines.join("\n")}\n`;
}
