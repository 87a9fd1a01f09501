import { Unit } from "../../machine";

interface SnapshotUnits {
  readonly agent: string;
  /** Absolute command line that saves a snapshot. */
  readonly save: string;
  readonly seconds: number;
}

/**
 * A timer that saves a snapshot, and its service. Without a leader the service fails, and is tried again every minute.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html
 */
export function snapshotUnits({ agent, save, seconds }: SnapshotUnits): Unit[] {
  const name = `vipstack-${agent}-snapshot`;
  const service = [
    "[Unit]",
    `Description=Snapshot of ${agent}'s state`,
    `After=${agent}.service`,
    "",
    "[Service]",
    "Type=oneshot",
    "TimeoutStartSec=600",
    `ExecStart=${save}`,
    "Restart=on-failure",
    "RestartSec=60",
  ];
  const timer = [
    "[Unit]",
    `Description=Every ${seconds} s: ${name}.service`,
    "",
    "[Timer]",
    `OnActiveSec=${seconds}`,
    `OnUnitInactiveSec=${seconds}`,
    "",
    "[Install]",
    "WantedBy=timers.target",
  ];
  return [
    { name: `${name}.service`, content: text(service), enable: false },
    { name: `${name}.timer`, content: text(timer) },
  ];
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
