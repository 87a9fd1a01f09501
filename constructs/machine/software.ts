import { Failure } from "../private/failure";
import { check, contentFailures, isLine, isPackage, isWord, modeFailures, pathFailures } from "./text";

/** Programs of vendors that a backend may offer to its machines. */
export type SoftwareName = "consul" | "nomad" | "consul-template" | "cni-plugins";

/** A vendor's program at an address that machines of the backend reach. */
export interface Software {
  /** Version without a leading "v": `1.14.11`. */
  readonly version: string;
  /** URL of the program; for `cni-plugins` of a tar.gz with several. */
  readonly url: string;
  /**
   * Hexadecimal SHA-256 of the file at the URL. A backend may give the URL of a list that `sha256sum` wrote, which holds the
   * file's name: then the machine trusts the server of the list.
   */
  readonly sha256: string;
}

/**
 * A package archive, as a file of `/etc/apt/sources.list.d` with its key beside it: the same for cloud-init and for a host
 * that exists, and without gnupg, which cloud-init's own `apt.sources` would need.
 *
 * @see https://manpages.debian.org/sources.list.5
 */
export interface AptSource {
  /** Name of its files below `/etc/apt`. */
  readonly name: string;
  /** URL of the archive. */
  readonly uri: string;
  /** Usually the distribution's code name: `bookworm`. */
  readonly suite: string;
  /** Components of the archive: `["main"]`. */
  readonly components: readonly string[];
  /** Public key of the archive as armored text. It is trusted for this archive only. */
  readonly key: string;
  /** Versions at which packages are held, by package, even if the archive has newer ones. @default - none is held */
  readonly pins?: Readonly<Record<string, string>>;
}

/** A file that is fetched at the first boot, unless a file with that sum is in place already. */
export interface Download {
  /** URL of the file or archive. */
  readonly url: string;
  /**
   * Hexadecimal SHA-256 of the downloaded file; another sum stops the first boot. If only the machine's own network knows the sum: the URL of
   * a list that `sha256sum` wrote and that contains the file's name.
   */
  readonly sha256: string;
  /** Version of the program in it, which `vipstack licences` lists: `1.14.11`. @default - not known */
  readonly version?: string;
  /** Absolute path of the file. With `unpack` and without `member`: path of the folder that the archive is unpacked into. */
  readonly path: string;
  /** Octal. @default "0755" */
  readonly mode?: string;
  /** Format of the archive to unpack. @default - the file is not unpacked */
  readonly unpack?: "zip" | "tar.gz";
  /** The only file of the archive to unpack. @default - all files, and `path` is a folder */
  readonly member?: string;
}

/** Names that apt would not take for a package. */
export function packageFailures(name: string): Failure[] {
  const cure = "write it like 'nginx' or 'nginx=1.22.1-9'";
  return check(isPackage(name), "packages", "must name Debian packages", name, cure);
}

export function downloadFailures({ url, sha256, path, mode, member, version }: Download): Failure[] {
  const property = "downloads";
  return [
    ...check(
      /^[a-z]+:\/\//.test(url) && isWord(url),
      property,
      "must have URLs",
      url,
      "write it like 'https://example.org/app.zip'",
    ),
    ...check(
      /^([0-9a-f]{64}|https?:\/\/\S+)$/i.test(sha256) && isWord(sha256),
      property,
      `must give ${path} a sha256 of 64 hexadecimal digits, or the URL of a list`,
      sha256,
      "take what sha256sum prints",
    ),
    ...pathFailures(property, path),
    ...modeFailures(property, path, mode),
    ...check(
      member === undefined || (isLine(member) && /^[^/-]/.test(member)),
      property,
      `must name the member of ${path} as the archive lists it`,
      member,
      "write it like 'bin/app'",
    ),
    ...check(
      version === undefined || isWord(version),
      property,
      `must give ${path} a version of one word`,
      version,
      "write it like '1.14.11'",
    ),
  ];
}

export function aptSourceFailures({ name, uri, suite, components, key, pins }: AptSource): Failure[] {
  const property = "aptSources";
  const words = [...[uri, suite, ...components], ...Object.entries(pins ?? {}).flat()];
  const bad = words.find((word) => !isWord(word));
  return [
    ...check(
      /^\w[\w.-]*$/.test(name),
      property,
      "must have names of letters, digits, '_', '-' and '.'",
      name,
      "choose a name like 'app'",
    ),
    ...check(
      bad === undefined,
      property,
      `must give ${name} single words as URI, suite, components and versions`,
      bad,
      "give each word of its own",
    ),
    ...check(
      components.length > 0 || suite.endsWith("/"),
      property,
      `must give ${name} components`,
      components,
      "write them like ['main']",
    ),
    ...contentFailures(property, name, key),
  ];
}
