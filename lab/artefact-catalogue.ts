import catalogue from "./artefacts.json";
import { LabError } from "./errors";

/** A program of a vendor, as the lab builds it: always from its pinned Go module, so that no download site is needed. */
export interface Artefact {
  readonly name: string;
  readonly version: string;
  /** What the build comes to, on every machine. */
  readonly sha256: string;
  /** The exact Go release that compiles it; an older or newer `go` command fetches this one. */
  readonly go: string;
  /** Import paths of its main packages; `artefacts/NAME/go.mod` and `go.sum` pin all that they are made of. */
  readonly packages: readonly string[];
  /** Variables that are set at link time. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Several programs become one archive. @default - a single program, as it is */
  readonly archive?: boolean;
  /** For the lab itself; guests can't ask for it. */
  readonly internal?: boolean;
}

/** Everything that the lab can build. */
export const ARTEFACTS: readonly Artefact[] = catalogue;

/** The artefact of that name. */
export function artefactOf(name: string): Artefact {
  const found = ARTEFACTS.find((artefact) => artefact.name === name);
  if (found !== undefined) return found;
  throw new LabError(
    `the lab has no software "${name}"`,
    `it has ${ARTEFACTS.map((artefact) => artefact.name).join(", ")}`,
  );
}

/** Its name in the cache, and at the lab's address. */
export function artefactFile({ name, version }: Artefact): string {
  return `${name}_${version}`;
}
