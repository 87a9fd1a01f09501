import { AgentProfile, agentUnit, HARDENED, renderConfig, takeSecrets } from "../../agents";

/** An agent as its configuration needs it. */
export interface ConsulAgent {
  readonly nodeName: string;
  readonly datacenter: string;
  /** The address that it listens on for other agents and advertises. */
  readonly address: string;
  /** Whether it trusts only agents with a certificate of the deployment. @default false */
  readonly secured?: boolean;
  /** @default - a client */
  readonly server?: { readonly profile: AgentProfile; readonly raftMultiplier?: number };
}

/** The servers of a cluster; they may change while agents run. */
export interface ConsulPeers {
  readonly retryJoin: readonly string[];
  /** @default - the agent is a client */
  readonly bootstrapExpect?: number;
}

/** Where every local agent answers. */
export const LOCAL_CONSUL = "127.0.0.1:8500";

/**
 * What an agent is: `/etc/consul.d/consul.hcl`, under the name of the package's own file, which it replaces.
 *
 * @see https://developer.hashicorp.com/consul/docs/reference/agent/configuration-file
 */
export function consulAgentText(agent: ConsulAgent): string {
  const { nodeName, datacenter, address, server, secured = false } = agent;
  return renderConfig(["What this agent is. Who else is in the cluster: cluster.hcl."], {
    datacenter,
    node_name: nodeName,
    data_dir: "/var/lib/consul",
    bind_addr: address,
    advertise_addr: address,
    ...(server === undefined
      ? { client_addr: "127.0.0.1" }
      : {
          server: true,
          ...(secured ? securedServer(address) : server.profile === AgentProfile.DEV ? DEV : clusterServer(address)),
          performance: { raft_multiplier: server.raftMultiplier ?? (server.profile === AgentProfile.DEV ? 1 : 5) },
          ui_config: { enabled: true },
        }),
    ...(secured && { tls: MUTUAL_TLS, acl: { enabled: true, default_policy: "deny", down_policy: "extend-cache" } }),
    // It would ask the vendor's site, and log each time that it can't.
    disable_update_check: true,
  });
}

/** `-dev -client 0.0.0.0`: HTTP 8500, gRPC 8502, DNS 8600. */
const DEV = { client_addr: "0.0.0.0", connect: { enabled: true }, ports: { grpc: 8502, grpc_tls: -1 } };

/** HTTP also on the machine's own address, for Terraform and operators; everything else for the machine itself. */
function clusterServer(address: string): object {
  return { client_addr: "127.0.0.1", addresses: { http: `127.0.0.1 ${address}` }, ports: { grpc_tls: -1 } };
}

/** HTTP for the machine's own programs; for others HTTPS, where a client needs a certificate, too. */
function securedServer(address: string): object {
  return {
    client_addr: "127.0.0.1",
    addresses: { https: `127.0.0.1 ${address}` },
    ports: { https: 8501, grpc_tls: -1 },
  };
}

/** Where a secured agent's secrets arrive, for root only. */
export const ARRIVAL = "/etc/vipstack/secrets/consul";
/** Where the agent reads them: a copy that its user can read, in memory only. */
const COPIES = "/run/vipstack-consul";

/** Tokens of a secured machine, one a file, for root only: that of its agent, and on a server that which may do everything. */
export const TOKENS = "/etc/vipstack/secrets/consul-tokens";
export const AGENT_TOKEN = `${TOKENS}/agent`;
export const MANAGEMENT_TOKEN = `${TOKENS}/management`;

/** Words before a command of Consul's own command line that give it a token. No list of processes shows it. */
export const withToken = (file: string): string => `env CONSUL_HTTP_TOKEN_FILE=${file} `;

/** The secrets of a secured agent: their files on the machine. */
export const CONSUL_SECRETS = {
  gossip: `${ARRIVAL}/gossip.hcl`,
  tokens: `${ARRIVAL}/tokens.hcl`,
  authority: `${ARRIVAL}/authority.pem`,
  certificate: `${ARRIVAL}/agent.pem`,
} as const;

/** The certificate's file holds its key, too. */
const MUTUAL_TLS = {
  defaults: {
    ca_file: `${COPIES}/authority.pem`,
    cert_file: `${COPIES}/agent.pem`,
    key_file: `${COPIES}/agent.pem`,
    verify_incoming: true,
    verify_outgoing: true,
    tls_min_version: "TLSv1_2",
  },
  internal_rpc: { verify_server_hostname: true },
};

/** The key of all agents' gossip. @see https://developer.hashicorp.com/consul/docs/secure/encryption/gossip/enable */
export function consulGossipText(key: string): string {
  return renderConfig(["The key of all agents' gossip."], { encrypt: key });
}

/** @param tokens that of the agent itself; for a server, that which may do everything */
export function consulTokensText({ agent, management }: { agent: string; management?: string }): string {
  return renderConfig(["The agent's own token."], { acl: { tokens: { agent, initial_management: management } } });
}

/**
 * Who else is in the cluster: `/etc/consul.d/cluster.hcl`. A change needs no restart: it counts at the next start.
 *
 * A new cluster takes `min_quorum` as its own: autopilot removes a server that failed only after another one has come in its place.
 * Without it a majority of three removes the third for a split of the network, and agents on the other side go on to list that server
 * as leaving after it is back.
 *
 * @see https://developer.hashicorp.com/consul/docs/reference/agent/configuration-file/autopilot
 */
export function consulPeersText({ retryJoin, bootstrapExpect }: ConsulPeers): string {
  return renderConfig(["The cluster's servers."], {
    bootstrap_expect: bootstrapExpect,
    ...(bootstrapExpect !== undefined && bootstrapExpect > 1 && { autopilot: { min_quorum: bootstrapExpect } }),
    retry_join: retryJoin,
    retry_interval: "3s",
  });
}

/** Where the agent keeps its gossip keys, which it prefers to its configuration. */
const RINGS = ["/var/lib/consul/serf/local.keyring", "/var/lib/consul/serf/remote.keyring"];

/** @param secured whether it needs its secrets */
export function consulUnitText(program: string, secured = false): string {
  const copies = takeSecrets({ user: "consul", arrival: ARRIVAL, copies: COPIES, rings: RINGS });
  return agentUnit({
    ...(secured && { needs: Object.values(CONSUL_SECRETS), beforeReload: [copies], service: HARDENED }),
    description: "Consul agent",
    documentation: "https://developer.hashicorp.com/consul/docs",
    name: "consul",
    user: "consul",
    // Written once and not synced: after a power cut it can be empty, and an agent with an empty id never starts again.
    before: [
      `/bin/sh -c 'test -s /var/lib/consul/node-id || rm -f /var/lib/consul/node-id'`,
      ...(secured ? [copies] : []),
    ],
    command: `${program} agent -config-dir=/etc/consul.d/${secured ? ` -config-dir=${COPIES}` : ""}`,
    killSignal: "SIGTERM",
  });
}

const LEADER_KNOWN = `curl --silent --fail --max-time 5 http://${LOCAL_CONSUL}/v1/status/leader | grep -q :`;

/** Succeeds once the local agent is a member of the cluster and knows its leader; a first boot waits for other machines' too. */
export const CONSUL_READY = { check: LEADER_KNOWN, timeout: "5m" };

/** A program that {@link waitForConsulText} is the text of; units that need Consul run it before they start. */
export const WAIT_FOR_CONSUL = "/usr/local/lib/vipstack/wait-for-consul";

export const waitForConsulText = `#!/bin/sh
# Ends well once Consul's local agent knows a leader. After a minute it fails, and systemd tries again: a boot is not held up.
end=$(($(date +%s) + 60))
until ${LEADER_KNOWN}; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo "the Consul agent on ${LOCAL_CONSUL} knows no leader yet" >&2
    exit 1
  fi
  sleep 1
done
`;
