import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { Download, Machine, PROGRAM_FOLDER } from "../machine";

/** What the program brings to a machine, for `vipstack licences`. What is on the machine before is not part of it. */
export interface MachineContents {
  /** Debian packages, as apt is asked for them: `iptables`, `consul=1.14.11-1`. Those they depend on are not listed. */
  readonly packages: readonly string[];
  /** Packages that come from another archive than the distribution's, with that archive's URL. */
  readonly otherArchives: Readonly<Record<string, string>>;
  /** Programs and archives that the first boot fetches. */
  readonly downloads: readonly Pick<Download, "url" | "sha256" | "path" | "version">[];
  /** Container images that its roles run. */
  readonly images: readonly string[];
  /** This library's own programs, with the SHA-256 of each. */
  readonly programs: readonly { readonly path: string; readonly sha256: string }[];
}

/** Of a machine whose roles have all contributed. */
export function machineContents(machine: Machine): MachineContents {
  const { model, _images: images } = machine;
  const pinned = model.aptSources.flatMap(({ uri, pins = {} }) => Object.keys(pins).map((name) => [name, uri]));
  return {
    packages: model.packages,
    otherArchives: Object.fromEntries(pinned) as Record<string, string>,
    downloads: model.downloads.map(({ url, sha256, path, version }) => ({
      url,
      sha256,
      path,
      ...(version !== undefined && { version }),
    })),
    images: [...images].sort(),
    programs: model.files
      .filter(({ path }) => dirname(path) === PROGRAM_FOLDER)
      .map(({ path, content }) => ({ path, sha256: createHash("sha256").update(content).digest("hex") })),
  };
}
