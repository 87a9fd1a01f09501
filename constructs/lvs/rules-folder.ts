import { PROGRAM_FOLDER } from "../machine";

/** A rules folder with no rules: what a unit applies when it stops. */
export const NO_RULES = `${PROGRAM_FOLDER}/no-rules`;

/** Where the programs keep the last good text of every rules file, in a folder of the rules folder's name. */
export const LAST_GOOD = "/var/lib/vipstack/last-good";
