/** What the units of the vendor's agents have in common, and where they differ. */
export interface AgentUnit {
  readonly description: string;
  readonly documentation: string;
  /** Units that it comes after, and wants where they are there. */
  readonly wants?: readonly string[];
  /** Names its folder below /var/lib, which keeps its data. */
  readonly name: string;
  readonly user: string;
  /** Run before each start, as root; a failure is tried again. */
  readonly before?: readonly string[];
  readonly command: string;
  readonly killSignal: "SIGTERM" | "SIGINT";
  /** Files without which it is not started: secrets, which come after the first boot. */
  readonly needs?: readonly string[];
  /** Run before each reload, as root. */
  readonly beforeReload?: readonly string[];
  /** Further lines of the section `[Service]`. */
  readonly service?: readonly string[];
}

/**
 * The vendor's unit, with three differences: its state folder is made by systemd, a failing start is tried for ever, and it
 * counts as started once the program runs. The vendor's `Type=notify` would hold up the boot until another machine answers.
 */
export function agentUnit(unit: AgentUnit): string {
  const { description, documentation, wants = [], name, user, before = [], needs = [] } = unit;
  const { beforeReload = [], command, killSignal, service = [] } = unit;
  const after = ["network-online.target", "systemd-modules-load.service", "systemd-sysctl.service", ...wants];
  const text = [
    "[Unit]",
    `Description=${description}`,
    `Documentation=${documentation}`,
    `Wants=${["network-online.target", ...wants].join(" ")}`,
    `After=${after.join(" ")}`,
    `ConditionDirectoryNotEmpty=/etc/${name}.d`,
    ...needs.map((path) => `ConditionPathExists=${path}`),
    "# Other machines may boot minutes later: no number of failed starts is the last one.",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    `EnvironmentFile=-/etc/${name}.d/${name}.env`,
    `User=${user}`,
    `Group=${user}`,
    `StateDirectory=${name}`,
    "StateDirectoryMode=0700",
    ...before.map((line) => `ExecStartPre=+${line}`),
    `ExecStart=${command}`,
    ...beforeReload.map((line) => `ExecReload=+${line}`),
    "ExecReload=/bin/kill --signal HUP $MAINPID",
    "KillMode=process",
    `KillSignal=${killSignal}`,
    "Restart=on-failure",
    "RestartSec=2",
    "LimitNOFILE=65536",
    ...service,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ];
  return `${text.join("\n")}\n`;
}
