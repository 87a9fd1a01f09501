import { stringify } from "yaml";
import { bootFiles, startCommands } from "./boot-plan";
import { CloudInit } from "./cloud-init";

/**
 * The machine as cloud-init's user-data.
 *
 * @param content `live: false` leaves out what changes while the machine runs: what remains decides on replacement
 * @see https://cloudinit.readthedocs.io/en/latest/explanation/format.html
 */
export function renderCloudConfig(model: CloudInit, content: { readonly live: boolean } = { live: true }): string {
  const packages = model.packages;
  const document = {
    ...(model.hostname !== undefined && { hostname: model.hostname }),
    ...(model.apt && { apt: model.apt }),
    ...(packages.length > 0 && { packages }),
    write_files: bootFiles(model, content).map(({ path, content: text, mode }) => ({
      path,
      permissions: mode ?? "0644",
      content: text,
    })),
    // Without `set -eu` only the last command's exit code would count.
    runcmd: ["set -eu", ...startCommands(model)],
  };
  return `#cloud-config\n${stringify(document, { lineWidth: 0, blockQuote: "literal" })}`;
}
