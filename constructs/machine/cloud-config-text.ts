import { bootFiles, startCommands } from "./boot-plan";
import { CloudInit } from "./cloud-init";
import { MachineFile } from "./contribution";
import { yamlText } from "./yaml-text";

/**
 * The machine as cloud-init's user-data.
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
  return `#cloud-config\n${yamlText(document)}`;
}

function asWriteFile({ path, content, mode }: MachineFile): object {
  return { path, permissions: mode ?? "0644", content };
}
