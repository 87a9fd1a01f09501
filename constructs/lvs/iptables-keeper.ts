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
import { IptablesRules } from "./iptables-rules";
import { keeperUnits } from "./keeper-text";
import { LAST_GOOD, NO_RULES } from "./rules-folder";

/** The folder of iptables rules, a file a source and address family. */
const FOLDER = "/etc/vipstack/iptables.d";

/** What the timer runs: to look costs a fraction of applying. */
const LOOK_OR_APPLY = `/bin/sh -c '${PROGRAM_FOLDER}/iptables-look || exec ${PROGRAM_FOLDER}/iptables-rules apply --quiet'`;

/** The unit that loads them. */
export const IPTABLES_UNIT = "vipstack-iptables.service";

/** The program and the unit behind the rules folder, and the timer that makes them true again. */
export function iptablesKeeper(): Contribution {
  return {
    packages: ["iptables"],
    files: [
      ...["safely", "rule_files", "iptables_text", "nat_flows"].map((name) =>
        nodeModule(join(__dirname, "node", `${name}.py`)),
      ),
      nodeProgram("iptables-look", join(__dirname, "node", "iptables-look.sh")),
      nodeProgram("iptables-rules", join(__dirname, "node", "iptables-rules.py")),
      { path: `${NO_RULES}/none.v4`, content: "" },
      { path: `${NO_RULES}/none.v6`, content: "" },
    ],
    units: [
      {
        name: IPTABLES_UNIT,
        content: oneshotUnit({
          description: `Own iptables chains of ${FOLDER}`,
          after: [ADDRESSES_UNIT],
          apply: `${PROGRAM_FOLDER}/iptables-rules apply`,
          stop: `${PROGRAM_FOLDER}/iptables-rules apply --rules ${NO_RULES}`,
        }),
      },
      ...keeperUnits({ unit: IPTABLES_UNIT, apply: LOOK_OR_APPLY }),
    ],
    generated: [`${LAST_GOOD}/iptables.d/*`],
    ready: [`${PROGRAM_FOLDER}/iptables-rules check`],
  };
}

/** Both files of a source, be they empty: a first rule that comes later replaces no machine. */
export function iptablesFiles(source: string, ipv4: IptablesRules, ipv6: IptablesRules): LiveFile[] {
  return [
    { path: `${FOLDER}/${source}.v4`, content: ipv4.render(), reloads: IPTABLES_UNIT },
    { path: `${FOLDER}/${source}.v6`, content: ipv6.render(), reloads: IPTABLES_UNIT },
  ];
}
