/** Where the files of a gateway are on its machine. */
export interface MachineGatewayFolders {
  /** config.yaml and the start script, mounted into the container. */
  readonly config: string;
  /** What outlives the machine's restarts. */
  readonly state: string;
  /** apisix.yaml, which consul-template writes. */
  readonly document: string;
  readonly dump: string;
  /** A file a secret. */
  readonly secrets: string;
}

export function machineGatewayFolders(name: string): MachineGatewayFolders {
  const state = `/var/lib/vipstack/gateway/${name}`;
  return {
    config: `/etc/vipstack/gateway/${name}`,
    state,
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
  secrets: "/gateway/secrets",
  token: "/gateway/secrets/consul-token",
} as const;
