/** Properties of {@link oneshotUnit}. */
export interface OneshotUnitProps {
  /** Description of the unit. */
  readonly description: string;
  /** Units that must be finished before; the network is always among them. @default - only the network */
  readonly after?: readonly string[];
  /** Absolute command line, run at start and again at reload. */
  readonly apply: string;
  /** Absolute command lines run before it each time; with a leading `-` their failure is ignored. @default - none */
  readonly prepare?: readonly string[];
  /** Absolute command line, run at stop. @default - none */
  readonly stop?: string;
  /** File with `NAME=value` lines, read if it exists. @default - none */
  readonly environmentFile?: string;
}

/** Seconds until systemd ends a run of a oneshot unit, which is not limited otherwise. All of its work must be done in that time. */
export const UNIT_SECONDS = 300;

/**
 * Text of a oneshot unit: it runs a command at boot and is active from then on; `systemctl reload` runs the command again.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
 */
export function oneshotUnit({
  description,
  after = [],
  apply,
  prepare = [],
  stop,
  environmentFile,
}: OneshotUnitProps): string {
  const order = ["network-online.target", "systemd-modules-load.service", "systemd-sysctl.service", ...after];
  return lines([
    "[Unit]",
    `Description=${description}`,
    "Wants=network-online.target",
    `After=${order.join(" ")}`,
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `TimeoutStartSec=${UNIT_SECONDS}`,
    ...(environmentFile === undefined ? [] : [`EnvironmentFile=-${environmentFile}`]),
    ...[...prepare, apply].map((command) => `ExecStart=${command}`),
    ...[...prepare, apply].map((command) => `ExecReload=${command}`),
    ...(stop === undefined ? [] : [`ExecStop=${stop}`]),
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ]);
}

function lines(text: readonly string[]): string {
  return `${text.join("\n")}\n`;
}
