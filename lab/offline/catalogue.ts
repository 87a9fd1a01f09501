import catalogue from "../artefacts.json";
import { LabError } from "../errors";

/** How the lab builds a program from its pinned Go modules, so that no download site is needed. */
export interface Build {
  /** What the build comes to, on every machine. */
  readonly sha256: string;
  /** The exact Go release that compiles it; an older or newer `go` command fetches this one. */
  readonly go: string;
  /** Import paths of its main packages; `artefacts/NAME/go.mod` and `go.sum` pin all that they are made of. */
  readonly packages: readonly string[];
  /** Variables that are set at link time. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Hexadecimal SHA-256 of the vendor's own zip for Linux, by architecture. */
interface Release {
  readonly amd64: string;
  readonly arm64: string;
}

/** One version of a vendor's program. */
export interface Artefact {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier. @default - a version that the catalogue doesn't list: unknown */
  readonly licence?: string;
  /** @default - not built here */
  readonly build?: Build;
  /** @default - no sum of it is known */
  readonly release?: Release;
  /** Several programs become one archive. @default - a single program, as it is */
  readonly archive?: boolean;
  /** For the lab itself; guests can't ask for it. */
  readonly internal?: boolean;
}

interface Entry extends Pick<Artefact, "name" | "archive" | "internal"> {
  /** The first one is taken where no version is named. */
  readonly versions: readonly Pick<Artefact, "version" | "licence" | "build" | "release">[];
}

const ENTRIES: readonly Entry[] = catalogue;

/** Every version that the lab knows something about; of each program first the one that is taken where none is named. */
export const ARTEFACTS: readonly Artefact[] = ENTRIES.flatMap(({ versions, ...common }) =>
  versions.map((version) => ({ ...common, ...version })),
);

/** Of each program the version that is taken where none is named. */
export const DEFAULTS: readonly Artefact[] = ENTRIES.map(({ name }) => artefactOf(name));

/** Programs that guests can ask for. */
export const OFFERED: readonly string[] = ENTRIES.filter(({ internal }) => !internal).map(({ name }) => name);

/** Those of the catalogue's licences that are open source. */
const OPEN_SOURCE = ["MPL-2.0", "Apache-2.0"];

/**
 * The artefact of that name.
 *
 * @param version also one that the catalogue doesn't list: then only a file that the user added can be it. @default - the program's first
 */
export function artefactOf(name: string, version?: string): Artefact {
  const entry = ENTRIES.find((one) => one.name === name);
  if (entry === undefined) {
    throw new LabError(`the lab has no software "${name}"`, `it has ${ENTRIES.map((one) => one.name).join(", ")}`);
  }
  const { versions, ...common } = entry;
  const found = version === undefined ? versions[0] : versions.find((one) => one.version === version);
  return { ...common, ...(found ?? { version: version ?? "" }) };
}

/** The artefact of `NAME` or `NAME@VERSION`. */
export function artefactNamed(text: string): Artefact {
  const [name = "", ...rest] = text.split("@");
  const version = rest.length === 0 ? undefined : rest.join("@");
  if (version !== undefined && !/^\d+\.\d+\.\d+([-+][\w.+-]+)?$/.test(version)) {
    throw new LabError(
      `"${text}" does not name a version of three numbers`,
      `write it like ${name}@${artefactOf(name).version}, or without a version`,
    );
  }
  return artefactOf(name, version);
}

/** Its name in the cache, and at the lab's address. */
export function artefactFile({ name, version }: Pick<Artefact, "name" | "version">): string {
  return `${name}_${version}`;
}

/** As it is shown: `nomad 1.6.3 (MPL-2.0)`. */
export function artefactTitle({ name, version, licence }: Artefact): string {
  return `${name} ${version} (${licence ?? "licence unknown"})`;
}

/** Whether its licence is known to be an open source one. */
export function isOpenSource({ licence }: Artefact): boolean {
  return licence !== undefined && OPEN_SOURCE.includes(licence);
}
