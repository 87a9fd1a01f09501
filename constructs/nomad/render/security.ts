import { renderConfig, takeSecrets } from "../../agents";
import { LOCAL_CONSUL, TOKENS } from "../../consul";

/** Where a secured agent's secrets arrive, for root only. */
const ARRIVAL = "/etc/vipstack/secrets/nomad";
/** Where the agent reads them: a copy that its user can read, in memory only. */
export const COPIES = "/run/vipstack-nomad";

/** The secrets of a secured agent: their files on the machine. A client has no gossip. */
export const NOMAD_SECRETS = {
  authority: `${ARRIVAL}/authority.pem`,
  certificate: `${ARRIVAL}/agent.pem`,
  consul: `${ARRIVAL}/consul.hcl`,
  gossip: `${ARRIVAL}/gossip.hcl`,
} as const;

/** On a server, for root only: the token that may do everything in Nomad. */
export const MANAGEMENT_TOKEN = "/etc/vipstack/secrets/nomad-tokens/management";

/** The token of the machine's Nomad agent in Consul, by itself. */
export const CONSUL_TOKEN = `${TOKENS}/nomad`;

/** The certificate's file holds its key, too. @see https://developer.hashicorp.com/nomad/docs/configuration/tls */
export const MUTUAL_TLS = {
  http: true,
  rpc: true,
  ca_file: `${COPIES}/authority.pem`,
  cert_file: `${COPIES}/agent.pem`,
  key_file: `${COPIES}/agent.pem`,
  verify_server_hostname: true,
  verify_https_client: true,
  tls_min_version: "tls12",
};

/** The key of the servers' gossip. @see https://developer.hashicorp.com/nomad/docs/configuration/server#encrypt */
export function nomadGossipText(key: string): string {
  return renderConfig(["The key of the servers' gossip."], { server: { encrypt: key } });
}

export function nomadConsulText(token: string): string {
  return renderConfig(["The agent's token in Consul."], { consul: { token } });
}

/** Gives the agent its secrets, as {@link NOMAD_SECRETS}. */
export function takeNomadSecrets(user: string): string {
  return takeSecrets({ user, arrival: ARRIVAL, copies: COPIES, rings: ["/var/lib/nomad/server/serf.keyring"] });
}

/** Succeeds once Consul knows the agent's token: its servers make it a moment after they have started. systemd tries again till then. */
export const CONSUL_TOKEN_KNOWN = `/bin/sh -c "{ printf 'X-Consul-Token: '; cat ${CONSUL_TOKEN}; } | curl --silent --fail --output /dev/null --max-time 5 --header @- http://${LOCAL_CONSUL}/v1/acl/token/self || { echo 'Consul does not know the token of this agent yet'; exit 1; }"`;

/** What is reloaded in the agent's place when its secrets change. */
export const SECRETS_UNIT = "vipstack-nomad-secrets.service";

/**
 * Nomad reads its token of Consul only when it starts; jobs run on meanwhile. Nothing waits for the agent: it starts once Consul's servers,
 * which may get their secrets later, have made its token.
 */
export const secretsUnitText = `[Unit]
Description=Nomad's agent takes its secrets

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/systemctl start --no-block nomad.service
ExecReload=/bin/sh -c 'if cmp --silent ${NOMAD_SECRETS.consul} ${COPIES}/consul.hcl; then way=reload-or-restart; else way=restart; fi; exec systemctl $$way --no-block nomad.service'

[Install]
WantedBy=multi-user.target
`;

/** A program that takes a client out of service, and in again. */
export const NOMAD_DRAIN = "/usr/local/lib/vipstack/nomad-drain";

/** A machine that is set up again after its removal keeps its node and that node's drain. */
export const returnUnitText = `[Unit]
Description=A Nomad client that was drained before its removal gets jobs again
After=nomad.service
ConditionPathExists=${NOMAD_SECRETS.certificate}
ConditionPathExists=/var/lib/nomad/drained-before-removal
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=${NOMAD_DRAIN} in
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
`;

/** A program that runs Nomad's command line on a server, as who may do everything. */
export const NOMAD_OPERATOR = "/usr/local/lib/vipstack/nomad-operator";
