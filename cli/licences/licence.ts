// Data that the lab, the library and this command share; of the lab's code nothing is known here.
import catalogue from "../../lab/artefacts.json";

/** A licence, and what says so. */
export interface Licence {
  /** SPDX expression. @default - not known */
  readonly licence?: string;
  /** Where it is known from; without a licence, how it can be found out. */
  readonly knownFrom: string;
}

/** A vendor's programs, whose licence is that of their version: the catalogue has the versions that the lab knows. */
export const VENDORS_PROGRAMS: readonly string[] = catalogue.map(({ name }) => name);

/** The licence of a vendor's program at its version. */
export function programLicence(name: string, version: string): Licence {
  const known = catalogue.find((one) => one.name === name)?.versions.find((one) => one.version === version);
  if (known !== undefined) return { licence: known.licence, knownFrom: "vipstack's catalogue" };
  const [numbers = "", build] = version.split("+");
  if (build?.startsWith("ent") === true) return { licence: "LicenseRef-enterprise", knownFrom: "its version" };
  const [major = 0, minor = 0, patch = 0] = numbers.split("-")[0]?.split(".").map(Number) ?? [];
  const licence = SERIES[name]?.(major === 1 ? minor : major === 0 ? 0 : Infinity, patch);
  return licence === undefined
    ? { knownFrom: `look at LICENSE of ${name} at v${version}` }
    : { licence, knownFrom: "the vendor's LICENSE files" };
}

/**
 * What the LICENSE files at the versions' tags say. Undefined between the versions that were looked at.
 *
 * @see https://www.hashicorp.com/license-faq
 */
const SERIES: Readonly<Record<string, (minor: number, patch: number) => string | undefined>> = {
  consul: (minor) => (minor >= 17 ? "BUSL-1.1" : minor <= 14 ? "MPL-2.0" : undefined),
  nomad: (minor, patch) => {
    const lastOpen = { 5: 10, 6: 3 }[minor] ?? (minor < 5 ? Infinity : -1);
    return patch > lastOpen ? "BUSL-1.1" : "MPL-2.0";
  },
  "consul-template": () => "MPL-2.0",
  "cni-plugins": () => "Apache-2.0",
};

/**
 * Licences of the Debian packages that the library itself asks for, as `/usr/share/doc/PACKAGE/copyright` of Debian 12 has them: that of the
 * program itself (`Files: *`). The file also lists parts under other licences.
 *
 * @see https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
 */
const DEBIAN: Readonly<Record<string, string>> = {
  "ca-certificates": "GPL-2.0-or-later AND MPL-2.0",
  caddy: "Apache-2.0",
  conntrack: "GPL-2.0-or-later",
  "containernetworking-plugins": "Apache-2.0",
  curl: "curl",
  "docker.io": "Apache-2.0",
  "etcd-server": "Apache-2.0",
  iptables: "GPL-2.0-only",
  ipvsadm: "GPL-2.0-or-later",
  unzip: "Info-ZIP",
};

/** The licence of a package of Debian 12, where the table above has it. */
export function debianLicence(name: string): Licence {
  const licence = DEBIAN[name];
  const copyright = `/usr/share/doc/${name}/copyright`;
  return licence === undefined
    ? { knownFrom: `look at ${copyright}, or --machine` }
    : { licence, knownFrom: "Debian 12's copyright file" };
}

/** The licence of a package by its copyright file on a machine; by the table where the file is not in Debian's format for machines. */
export function copyrightLicence(name: string, text: string): Licence {
  const stanzas = text.split(/\n\s*\n/);
  const own = stanzas.find((stanza) => /^Files:\s*\*\s*$/m.test(stanza));
  const [, short] = /^License:[ \t]*(\w.*)$/m.exec(own ?? "") ?? [];
  if (short === undefined) return debianLicence(name);
  return { licence: spdx(short.trim()), knownFrom: "its copyright file on the machine" };
}

/** Debian's short names as SPDX has them; another name stays. */
function spdx(text: string): string {
  return text
    .split(/ (and|or) /)
    .map((word) => {
      const [, family, version, more] = /^(A?GPL|LGPL|GFDL)-(\d(?:\.\d)?)(\+?)$/.exec(word) ?? [];
      if (family !== undefined && version !== undefined)
        return `${family}-${version.includes(".") ? version : `${version}.0`}-${more === "+" ? "or-later" : "only"}`;
      return OTHER_NAMES[word.toLowerCase()] ?? (word === "and" || word === "or" ? word.toUpperCase() : word);
    })
    .join(" ");
}

const OTHER_NAMES: Readonly<Record<string, string>> = {
  expat: "MIT",
  mit: "MIT",
  "bsd-2-clause": "BSD-2-Clause",
  "bsd-3-clause": "BSD-3-Clause",
  isc: "ISC",
  zlib: "Zlib",
  "public-domain": "LicenseRef-public-domain",
};

/** The licence of an image's main program, as far as the library knows it. */
export function imageLicence(name: string): Licence {
  return /(^|\/)apache\/apisix$/.test(name)
    ? { licence: "Apache-2.0", knownFrom: "APISIX's LICENSE" }
    : { knownFrom: "ask who made the image, or --machine" };
}

/** Whether a licence is open source. @returns undefined where it is not known */
export function isOpenSource(licence: string | undefined): boolean | undefined {
  if (licence === undefined) return undefined;
  // An exception only permits more.
  const terms = licence
    .replace(/ WITH [\w.-]+/gi, "")
    .split(/ (?:AND|OR) |[()]/)
    .map((term) => term.trim())
    .filter((term) => term !== "");
  if (terms.some((term) => /^(BUSL|SSPL|Elastic|LicenseRef-enterprise)/.test(term))) return false;
  return terms.every((term) => OPEN_SOURCE.test(term)) ? true : undefined;
}

const OPEN_SOURCE =
  /^(Apache|MPL|GPL|LGPL|AGPL|BSD|EPL|Artistic|PSF|Python)-|^(MIT|ISC|Zlib|curl|Info-ZIP|OpenSSL|PostgreSQL|Unlicense|LicenseRef-public-domain)$/;
