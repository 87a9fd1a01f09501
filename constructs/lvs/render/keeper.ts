import { secondsOf } from "../../private/duration";
import { KEEPER_PERIOD } from "../convergence";
import { Unit, UNIT_SECONDS } from "../../machine";

/** The rules that a timer restores. */
export interface KeeperProps {
  /** The unit that the rules belong to; the timer starts and stops with it. */
  readonly unit: string;
  /** Absolute command line. */
  readonly apply: string;
  /** Command lines run before it each time. @default - none */
  readonly prepare?: readonly string[];
  /** `NAME=value` lines read from here where the file exists. @default - none */
  readonly environmentFile?: string;
}

/**
 * A timer that restores the rules of a unit every few seconds, and its service. Systemd's own messages about every run are kept
 * out of the journal, changes and failures are in it; after a failure it waits for half a minute.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html
 */
export function keeperUnits({ unit, apply, prepare = [], environmentFile }: KeeperProps): Unit[] {
  const name = unit.replace(/\.service$/, "-keeper");
  const seconds = secondsOf(KEEPER_PERIOD);
  const texts = {
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
      ...(environmentFile === undefined ? [] : [`EnvironmentFile=-${environmentFile}`]),
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
  return [
    { name: `${name}.service`, content: texts.service, enable: false },
    { name: `${name}.timer`, content: texts.timer },
  ];
}

function lines(text: readonly string[]): string {
  return `${text.join("\n")}\n`;
}
