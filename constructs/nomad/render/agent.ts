import { ConfigBody, renderConfig } from "../../agents";
import { LOCAL_CONSUL } from "../../consul";
import type { HostNetwork } from "../client";
import { MUTUAL_TLS } from "./security";

/** What server and client of one machine have in common: they are one agent. */
export interface NomadAgent {
  readonly nodeName: string;
  readonly region: string;
  readonly datacenter: string;
  /** The address that it listens on for other agents and advertises. */
  readonly address: string;
  /** Whether it trusts only agents with a certificate of the deployment. @default false */
  readonly secured?: boolean;
}

/** A client's part of the configuration. */
export interface NomadClientAgent {
  readonly interface: string;
  readonly dynamicPorts: { readonly min: number; readonly max: number };
  readonly cpuTotalCompute?: number;
  /** The folder of the CNI plugins. @default - no bridge networks */
  readonly cniPath?: string;
  readonly nodeClass?: string;
  readonly nodePool?: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly hostNetworks: Readonly<Record<string, HostNetwork>>;
  readonly docker: boolean;
  readonly dockerVolumes: boolean;
  readonly rawExec: boolean;
}

/**
 * Configuration of an agent (server, client or both): `/etc/nomad.d/nomad.hcl`, under the name of the package's own file, which it
 * replaces: that one would open a server and a client to every network.
 *
 * @see https://developer.hashicorp.com/nomad/docs/configuration
 */
export function nomadAgentText({ nodeName, region, datacenter, address, secured = false }: NomadAgent): string {
  return renderConfig(["What this agent is; server.hcl and client.hcl say what it does."], {
    name: nodeName,
    region,
    datacenter,
    data_dir: "/var/lib/nomad",
    bind_addr: address,
    // The machine's own programs and checks reach it without knowing its address.
    addresses: { http: `127.0.0.1 ${address}` },
    advertise: { http: address, rpc: address, serf: address },
    disable_update_check: true,
    // Always the machine's own Consul agent: with another one services would come and go.
    consul: { address: LOCAL_CONSUL },
    ...(secured && { tls: MUTUAL_TLS, acl: { enabled: true } }),
  });
}

/** `/etc/nomad.d/server.hcl`. The other servers are found by Consul. */
export function nomadServerText(raftMultiplier?: number): string {
  const server = { enabled: true, raft_multiplier: raftMultiplier };
  return renderConfig(["A server. How many there are: cluster.hcl."], { server });
}

/** `/etc/nomad.d/cluster.hcl`. A change needs no restart: once a leader was elected it is not read any more. */
export function nomadPeersText(servers: number): string {
  return renderConfig(["The cluster's servers."], { server: { bootstrap_expect: servers } });
}

/** `/etc/nomad.d/client.hcl`. Its servers are found by Consul. */
export function nomadClientText(client: NomadClientAgent): string {
  const { dynamicPorts, meta, hostNetworks, docker, dockerVolumes, rawExec } = client;
  const networks = Object.entries(hostNetworks).map(([name, { cidr, interface: nic, reservedPorts }]) => [
    `host_network "${name}"`,
    { cidr, interface: nic, reserved_ports: reservedPorts },
  ]);
  return renderConfig(["A client. It finds its servers by Consul."], {
    client: {
      enabled: true,
      network_interface: client.interface,
      min_dynamic_port: dynamicPorts.min,
      max_dynamic_port: dynamicPorts.max,
      cpu_total_compute: client.cpuTotalCompute,
      node_class: client.nodeClass,
      node_pool: client.nodePool,
      cni_path: client.cniPath,
      meta: Object.keys(meta).length > 0 ? meta : undefined,
      ...(Object.fromEntries(networks) as ConfigBody),
    },
    ...(docker && {
      'plugin "docker"': {
        config: {
          allow_privileged: false,
          // A bind mount of any path of the machine is as good as root.
          volumes: { enabled: dockerVolumes },
          gc: { image: true, image_delay: "3m", container: true },
        },
      },
    }),
    // Runs as the agent does: as root, without a wall.
    'plugin "raw_exec"': { config: { enabled: rawExec } },
  });
}
