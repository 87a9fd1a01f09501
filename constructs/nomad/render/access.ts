import { HARDENED } from "../../agents";
import { NOMAD_SECRETS } from "./security";

/** What the servers make the management token, the gossip key and variables of jobs equal to; it holds all of them. */
export const ACCESS_FILE = "/etc/vipstack/secrets/nomad-access/access.json";

const { authority, certificate } = NOMAD_SECRETS;
const APPLY = `/usr/local/lib/vipstack/nomad-access ${ACCESS_FILE} /var/lib/vipstack/nomad-access/management --authority ${authority} --certificate ${certificate} --reset /var/lib/nomad/server/acl-bootstrap-reset`;

/** Runs at each boot and at each change of the file, until everything is as in the file. */
export const nomadAccessUnitText = `[Unit]
Description=Nomad's management token and gossip key are those of the program
After=nomad.service
ConditionPathExists=${ACCESS_FILE}
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
StateDirectory=vipstack/nomad-access
StateDirectoryMode=0700
ExecStart=${APPLY}
ExecReload=${APPLY}
Restart=on-failure
RestartSec=5
${HARDENED.join("\n")}
# By a file in the folder of Nomad's user it allows another first token.
ReadWritePaths=-/var/lib/nomad
CapabilityBoundingSet=CAP_DAC_OVERRIDE

[Install]
WantedBy=multi-user.target
`;

/** The content of {@link ACCESS_FILE}. */
export function nomadAccessText(access: {
  readonly management: string;
  readonly gossip: string;
  /** Items of variables of Nomad by their paths. */
  readonly variables: Readonly<Record<string, Readonly<Record<string, string>>>>;
}): string {
  return `${JSON.stringify(access, null, 2)}\n`;
}
