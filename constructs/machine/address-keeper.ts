import { join } from "node:path";
import { ADDRESS_FILE, ADDRESSES_UNIT } from "./address-file";
import { Contribution } from "./contribution";
import { nodeProgram, PROGRAM_FOLDER } from "./node-program";
import { oneshotUnit } from "./systemd-unit-text";

/** The program and the unit behind the address file; the lines themselves come from the roles. */
export function addressKeeper(): Contribution {
  return {
    files: [nodeProgram("addresses", join(__dirname, "node", "addresses.py"))],
    units: [
      {
        name: ADDRESSES_UNIT,
        content: oneshotUnit({
          description: `Virtual addresses and routes of ${ADDRESS_FILE}`,
          apply: `${PROGRAM_FOLDER}/addresses apply`,
          stop: `${PROGRAM_FOLDER}/addresses apply --file /dev/null`,
        }),
      },
    ],
  };
}
