import { HARDENED } from "../../agents";

export interface ConsulTemplateUnit {
  /** Absolute path of consul-template. */
  readonly program: string;
  /** What it writes down: `the healthy instances of followed services`. */
  readonly writes: string;
  readonly config: string;
  /** The only folder that it may write, made by systemd: below /run, or below /var/lib where it outlives the machine's restarts. */
  readonly folder: string;
  /** Units that come before it. @default - none but the network and Consul */
  readonly after?: readonly string[];
  /** A further file of its configuration, without which it is not started: it holds a token. @default - none */
  readonly token?: string;
}

/**
 * consul-template as a service that is restarted without limit. Its folder outlives its own restarts. It ends at SIGINT; SIGTERM it would
 * only pass on to a child that it doesn't have.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
 */
export function consulTemplateUnit({ program, writes, config, folder, after = [], token }: ConsulTemplateUnit): string {
  return `[Unit]
Description=consul-template writes down ${writes}
Wants=network-online.target
After=${["network-online.target", "consul.service", ...after].join(" ")}
${token === undefined ? "" : `ConditionPathExists=${token}\n`}StartLimitIntervalSec=0

[Service]
ExecStart=${program} -config ${config}${token === undefined ? "" : ` -config ${token}`}
ExecReload=/bin/kill -HUP $MAINPID
KillSignal=SIGINT
# How it ends at that signal.
SuccessExitStatus=12
Restart=always
RestartSec=2
${directory(folder)}
${sandbox(folder, token !== undefined)}

[Install]
WantedBy=multi-user.target
`;
}

/** Where Consul wants a token, nothing on the machine may be had by way of this program. */
function sandbox(folder: string, isSecured: boolean): string {
  const lines = isSecured
    ? [...HARDENED, `ReadWritePaths=${folder}`]
    : ["ProtectSystem=strict", `ReadWritePaths=${folder}`, "ProtectHome=yes", "PrivateTmp=yes", "NoNewPrivileges=yes"];
  return lines.join("\n");
}

function directory(folder: string): string {
  if (folder.startsWith("/run/"))
    return `RuntimeDirectory=${folder.slice("/run/".length)}\nRuntimeDirectoryPreserve=yes`;
  return `StateDirectory=${folder.slice("/var/lib/".length)}`;
}

/** A further file of the configuration: its token. */
export function consulTemplateTokenText(token: string): string {
  return `consul {\n  token = "${token}"\n}\n`;
}

/** How every consul-template reaches Consul. */
export const CONSUL_STANZA = `# The local agent. It is asked again without end: who gives up would have to be started again.
consul {
  address = "127.0.0.1:8500"
  retry {
    attempts    = 0
    backoff     = "250ms"
    max_backoff = "15s"
  }
}
log_level = "warn"
`;
