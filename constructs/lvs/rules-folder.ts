import { join } from "node:path";
import { MachineFile, nodeModule, PROGRAM_FOLDER } from "../machine";

/** A rules folder with no rules: what a unit applies when it stops. */
export const NO_RULES = `${PROGRAM_FOLDER}/no-rules`;

/** Where the programs keep the last good text of every rules file, in a folder of the same name. */
export const LAST_GOOD = "/var/lib/vipstack/last-good";

/** What every program of a rules folder imports. */
export const SHARED_MODULES: readonly MachineFile[] = ["safely", "rule_files"].map((name) =>
  nodeModule(join(__dirname, "node", `${name}.py`)),
);
