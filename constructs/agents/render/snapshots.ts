import { PROGRAM_FOLDER, Unit } from "../../machine";

/** How an agent's snapshots are saved and restored. */
export interface SavedAgent {
  /** Its command line that saves and restores them: `save FILE` and `restore FILE` follow. */
  readonly command: string;
  /** Words before a command that give it what the agent wants. @default - none */
  readonly access?: string;
  /** The folder of keys without which its servers can't read a snapshot, and which none has. @default - there are no such keys */
  readonly keys?: string;
}

/** A program of the machine that saves, prints and restores snapshots of an agent. */
export function snapshotText({
  agent,
  keep,
  command,
  access = "",
  keys,
}: SavedAgent & { agent: string; keep: number }): string {
  return `#!/bin/sh
# Usage: ${agent}-snapshot save | fetch > FILE | restore < FILE
exec ${access}${PROGRAM_FOLDER}/agent-snapshot "\${1:---help}" ${agent} ${keep} ${keys ?? "none"} ${command}
`;
}

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
