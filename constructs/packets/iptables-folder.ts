import { join } from "node:path";
import {
  ADDRESSES_UNIT,
  Contribution,
  LiveFile,
  nodeModule,
  nodeProgram,
  oneshotUnit,
  PROGRAM_FOLDER,
} from "../machine";
import { IptablesRules } from "./render/iptables";
import { keeperUnits } from "./render/keeper";

/** A rules folder with no rules: what a unit applies when it stops. */
export const NO_RULES = `${PROGRAM_FOLDER}/no-rules`;

/** Where the programs keep the last good text of every rules file, in a folder of the rules folder's name. */
export const LAST_GOOD = "/var/lib/vipstack/last-good";

/** Where they keep which machines have left, a file for each address. */
const ABSENT = "/var/lib/vipstack/absent";

export const IPTABLES_PROGRAM = `${PROGRAM_FOLDER}/iptables-rules`;

/** The folder of iptables rules, a file a source and address family. */
const IPTABLES_FOLDER = "/etc/vipstack/iptables.d";

/** The unit that loads them. */
export const IPTABLES_UNIT = "vipstack-iptables.service";

/** The folder of iptables rules: the program and the unit behind it, and the keeper that restores them. */
export function iptablesFolder(): Contribution {
  return {
    packages: ["iptables"],
    files: [
      ...["safely", "rule_files", "absence", "iptables_text", "nat_flows", "serving", "filter_state"].map((name) =>
        nodeModule(join(__dirname, "programs", `${name}.py`)),
      ),
      nodeProgram("iptables-look", join(__dirname, "programs", "iptables-look.sh")),
      nodeProgram("iptables-rules", join(__dirname, "programs", "iptables-rules.py")),
      nodeProgram("rules-watch", join(__dirname, "programs", "rules-watch.py")),
      { path: `${NO_RULES}/none.v4`, content: "" },
      { path: `${NO_RULES}/none.v6`, content: "" },
    ],
    units: [
      {
        name: IPTABLES_UNIT,
        content: oneshotUnit({
          description: `Own iptables chains of ${IPTABLES_FOLDER}`,
          after: [ADDRESSES_UNIT],
          apply: `${IPTABLES_PROGRAM} apply`,
          stop: `${IPTABLES_PROGRAM} apply --rules ${NO_RULES}`,
        }),
      },
      ...keeperUnits({ rules: "iptables" }),
    ],
    generated: [`${LAST_GOOD}/iptables.d/*`, `${ABSENT}/*`],
    ready: [`${IPTABLES_PROGRAM} check`],
  };
}

/** Always both files of a source, even if empty, so that adding the first rule later does not replace the machine. */
export function iptablesFiles(source: string, ipv4: IptablesRules, ipv6: IptablesRules): LiveFile[] {
  return [
    { path: `${IPTABLES_FOLDER}/${source}.v4`, content: ipv4.render(), reloads: IPTABLES_UNIT },
    { path: `${IPTABLES_FOLDER}/${source}.v6`, content: ipv6.render(), reloads: IPTABLES_UNIT },
  ];
}
