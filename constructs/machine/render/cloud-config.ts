import { createHash } from "node:crypto";
import { dirname } from "node:path/posix";
import type { CloudInit } from "../cloud-init";
import type { MachineFile } from "../machine-file";
import { bootFiles, startCommands } from "./boot";
import { yamlText } from "./yaml";

/** Where a machine records which user-data it was made of: the last thing that its first boot does. */
const APPLIED = "/var/lib/vipstack/user-data";

/**
 * Renders a machine as cloud-init's user-data.
 *
 * @param content `live: false` leaves out what changes while the machine runs: what remains decides on replacement
 * @see https://cloudinit.readthedocs.io/en/latest/explanation/format.html
 */
export function renderCloudConfig(model: CloudInit, content: { readonly live: boolean } = { live: true }): string {
  const packages = model.packages;
  const files = bootFiles(model, content);
  // A module's list must not be empty: cloud-init's schema refuses that.
  const document = {
    ...(model.hostname !== undefined && { hostname: model.hostname }),
    ...(model.apt && { apt: model.apt }),
    ...(packages.length > 0 && { packages }),
    ...(files.length > 0 && { write_files: files.map(asWriteFile) }),
    // Without `set -eu` only the last command's exit code would count.
    runcmd: ["set -eu", ...startCommands(model)],
  };
  const commands = [...document.runcmd, `mkdir -p ${dirname(APPLIED)}`, `echo ${sumOf(document)} > ${APPLIED}`];
  return `#cloud-config\n${yamlText({ ...document, runcmd: commands })}`;
}

/**
 * A shell script that succeeds on a machine that was made of this user-data, to its end. cloud-init itself counts a document
 * that it can't read as done.
 */
function renderAppliedCheck(userData: string): string {
  const sum = new RegExp(`^  - echo ([0-9a-f]{64}) > ${APPLIED}$`, "m").exec(userData)?.[1] ?? "";
  return `#!/bin/sh
set -eu
[ "$(cat ${APPLIED} 2>/dev/null)" != ${sum} ] || exit 0
echo "cloud-init did not apply this machine's user-data to its end; its log:" >&2
grep -E 'WARNING|ERROR|CRITICAL' /var/log/cloud-init.log 2>/dev/null | tail -n 10 >&2
exit 1
`;
}

/** Documents of a backend with cloud-init: `user-data`, and `applied.sh`, which succeeds on the machine after its first boot. */
export function userDataFiles(folder: string, model: CloudInit): Record<string, string> {
  const userData = renderCloudConfig(model);
  return { [`${folder}/user-data`]: userData, [`${folder}/applied.sh`]: renderAppliedCheck(userData) };
}

function sumOf(document: object): string {
  return createHash("sha256").update(JSON.stringify(document)).digest("hex");
}

function asWriteFile({ path, content, mode }: MachineFile): object {
  return { path, permissions: mode ?? "0644", content };
}
