import { secondsOf } from "../../private/duration";
import { PROGRAM_FOLDER, Unit, UNIT_SECONDS } from "../../machine";

/** How often rules are looked at, and restored where they are no longer true. */
export const KEEPER_PERIOD = "5s";

/** The rules that are restored. */
export interface KeeperProps {
  /** Their kind, which names the unit that they belong to: what watches them starts and stops with it. */
  readonly rules: "iptables" | "ipvs";
  /** Command lines run before it each time. @default - none */
  readonly prepare?: readonly string[];
  /** Folders that another program writes: a change in one starts it. @default - none */
  readonly sources?: readonly string[];
  /** Files of another program: while one of them is there, it is started each time. @default - none */
  readonly waiting?: readonly string[];
  /** `NAME=value` lines read from here where the file exists. @default - none */
  readonly environmentFile?: string;
}

/**
 * A service that restores the rules of a unit, and one that looks every few seconds whether that is needed. Systemd's own messages
 * about every run are kept out of the journal, changes and failures are in it; after a failure it waits for half a minute.
 *
 * A timer in place of the second service costs many times as much: to start a unit, its shell and its programs each time.
 */
export function keeperUnits({ rules, prepare = [], sources = [], waiting = [], environmentFile }: KeeperProps): Unit[] {
  const unit = `vipstack-${rules}.service`;
  const program = `${PROGRAM_FOLDER}/${rules}`;
  const seconds = secondsOf(KEEPER_PERIOD);
  const options = [...sources.map((path) => `--source ${path}`), ...waiting.map((path) => `--waiting ${path}`)];
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
      ...prepare.map((command) => `ExecStart=${command}`),
      // Looking is much cheaper than applying.
      `ExecStart=/bin/sh -c '${program}-look || exec ${program}-rules apply --quiet'`,
      `ExecStopPost=/bin/sh -c 'test "$$SERVICE_RESULT" != exit-code || sleep 25'`,
    ]),
    watch: lines([
      "[Unit]",
      `Description=Every ${seconds} s: whether ${unit} is still true`,
      `After=${unit}`,
      `PartOf=${unit}`,
      "",
      "[Service]",
      `ExecStart=${[`${PROGRAM_FOLDER}/rules-watch ${rules} --seconds ${seconds}`, ...options].join(" ")}`,
      "Restart=always",
      `RestartSec=${seconds}`,
      "",
      "[Install]",
      `WantedBy=${unit}`,
    ]),
  };
  return [
    { name: `vipstack-${rules}-keeper.service`, content: texts.service, enable: false },
    { name: `vipstack-${rules}-watch.service`, content: texts.watch },
  ];
}

function lines(text: readonly string[]): string {
  return `${text.join("\n")}\n`;
}
