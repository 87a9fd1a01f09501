import { switchOf } from "./added-programs";
import { type Artefact, artefactTitle, isOpenSource } from "./artefact-catalogue";
import { type Finding, findArtefact, type Source } from "./artefacts";
import { BRINGABLE } from "./program-files";
import { releaseUrl } from "./program-release";

/** One program in `program check --json`. */
export interface ProgramCheck {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier; null where the catalogue doesn't list the version. */
  readonly licence: string | null;
  /** Whether that licence is known to be an open source one. */
  readonly openSource: boolean;
  readonly available: boolean;
  /** Where it is, or would come from; null where it is not available. */
  readonly source: Source | null;
  /** Where from, in words. */
  readonly from?: string;
  /** Why it is not available. */
  readonly why?: string;
  /** The words after `vipstack-lab` that bring it in. */
  readonly cure?: string;
}

/** Whether programs are available. Nothing is fetched or built. */
export async function checkPrograms(artefacts: readonly Artefact[]): Promise<ProgramCheck[]> {
  // Side by side: where the vendor's site is not reached, all wait for it at once.
  return Promise.all(artefacts.map(async (artefact) => checkOf(artefact, await findArtefact(artefact))));
}

function checkOf(artefact: Artefact, finding: Finding): ProgramCheck {
  const { name, version, licence } = artefact;
  const common = { name, version, licence: licence ?? null, openSource: isOpenSource(artefact) };
  if (finding.source === undefined) {
    const cure = BRINGABLE.includes(name) ? { cure: `program add ${name} FILE` } : {};
    return { ...common, available: false, source: null, why: finding.problem.message, ...cure };
  }
  return { ...common, available: true, source: finding.source, from: WORDS[finding.source](artefact) };
}

const WORDS: Readonly<Record<Source, (artefact: Artefact) => string>> = {
  variable: ({ name }) => `the file that ${switchOf(name)} names`,
  added: () => "a file that was added",
  cache: () => "in the cache",
  release: (artefact) => `fetched from ${releaseUrl(artefact)} when it is needed`,
  build: () => "built from its Go modules when it is needed",
};

/** As a line for the user. */
export function checkLine(artefact: Artefact, { from, why, cure }: ProgramCheck): string {
  if (from !== undefined) return `${artefactTitle(artefact)}: ${from}`;
  return `${why ?? ""}${cure === undefined ? "" : ` (vipstack-lab ${cure})`}`;
}
