/**
 * consul-template as a service that never gives up. It may write nothing but its own folder below /run, which outlives its
 * restarts (not the machine's). It ends at SIGINT; SIGTERM it would only hand on to a child that it doesn't have.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
 */
export function consulTemplateUnit(props: {
  readonly program: string;
  readonly config: string;
  /** The unit that its changes are for. */
  readonly before: string;
}): string {
  return `[Unit]
Description=consul-template writes down the healthy instances of followed services
Wants=network-online.target
After=network-online.target consul.service ${props.before}
StartLimitIntervalSec=0

[Service]
ExecStart=${props.program} -config ${props.config}
ExecReload=/bin/kill -HUP $MAINPID
KillSignal=SIGINT
Restart=always
RestartSec=2
RuntimeDirectory=vipstack/consul
RuntimeDirectoryPreserve=yes
ProtectSystem=strict
ReadWritePaths=/run/vipstack/consul
ProtectHome=yes
PrivateTmp=yes
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
`;
}
