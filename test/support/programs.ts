import { existsSync } from "node:fs";
import { artefactFile, artefactOf, artefactTitle } from "../../lab/offline/catalogue";
import { addedPrograms, switchOf } from "../../lab/offline/program-files";
import { cachedFile } from "../../lab/offline/programs";

/** Programs of vendors that tests run for real. */
export type Program = "consul" | "consul-template" | "nomad";

/** Where a program is, as the lab looks for it: the file of `VIPSTACK_<PROGRAM>`, else an added one, else the cached one. */
export function programFile(name: Program): string {
  const artefact = artefactOf(name);
  const added = addedPrograms().find((one) => artefactFile(one.artefact) === artefactFile(artefact));
  return process.env[switchOf(name)] ?? added?.file ?? cachedFile(artefact);
}

/** Which of the programs are not there, in words. */
export function missingPrograms(...names: readonly Program[]): string[] {
  return names
    .filter((name) => !existsSync(programFile(name)))
    .map(
      (name) => `${artefactTitle(artefactOf(name))}: ${switchOf(name)}=FILE, or vipstack-lab program add ${name} FILE`,
    );
}

/** Whether a test that runs these programs can; says so, loudly, where it can't. */
export function havePrograms(what: string, ...names: readonly Program[]): boolean {
  const missing = missingPrograms(...names);
  if (missing.length > 0) process.stderr.write(`SKIPPED: ${what} (missing: ${missing.join(", ")})\n`);
  return missing.length === 0;
}

/** Tests that run these programs; skipped, and reported as such, where one is missing. */
export function describeWithPrograms(what: string, names: readonly Program[], tests: () => void): void {
  (havePrograms(what, ...names) ? describe : describe.skip)(what, tests);
}
