import { UNIT_SECONDS } from "../machine";

/** What the timer makes true again, and how often. */
export interface IpvsKeeperProps {
  /** The unit that the table belongs to; the timer starts and stops with it. */
  readonly unit: string;
  /** Absolute command line. */
  readonly apply: string;
  /** Command lines run before it each time. */
  readonly prepare: readonly string[];
  readonly environmentFile: string;
  readonly seconds: number;
}

/**
 * A timer that makes the table true again and takes draining real servers further. Systemd's own word about every run is left
 * out of the journal, changes and failures are in it; after a failure it waits for half a minute.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html
 */
export function ipvsKeeper({ unit, apply, prepare, environmentFile, seconds }: IpvsKeeperProps): {
  readonly service: string;
  readonly timer: string;
} {
  return {
    service: lines([
      "[Unit]",
      `Description=Make ${unit} true again`,
      `After=${unit}`,
      `PartOf=${unit}`,
      "",
      "[Service]",
      "Type=oneshot",
      `TimeoutStartSec=${UNIT_SECONDS}`,
      "SyslogLevel=notice",
      "LogLevelMax=notice",
      `EnvironmentFile=-${environmentFile}`,
      ...[...prepare, apply].map((command) => `ExecStart=${command}`),
      `ExecStopPost=/bin/sh -c 'test "$$SERVICE_RESULT" != exit-code || sleep 25'`,
    ]),
    timer: lines([
      "[Unit]",
      `Description=Every ${seconds} s: ${unit}`,
      `After=${unit}`,
      `PartOf=${unit}`,
      "",
      "[Timer]",
      `OnActiveSec=${seconds}`,
      `OnUnitInactiveSec=${seconds}`,
      "AccuracySec=1",
      "",
      "[Install]",
      `WantedBy=${unit}`,
    ]),
  };
}

function lines(text: readonly string[]): string {
  return `${text.join("\n")}\n`;
}
