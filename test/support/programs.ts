import { existsSync } from "node:fs";
import { join } from "node:path";
import { artefactFile, artefactOf } from "../../lab/artefact-catalogue";
import { cacheFolder } from "../../lab/cache";

/** Programs of vendors that tests run for real. */
export type Program = "consul" | "consul-template" | "nomad";

/** Where a program is, or would be: the lab builds Consul's, a Nomad is the tester's own. */
export function programFile(name: Program): string {
  if (name === "nomad") return process.env.VIPSTACK_NOMAD ?? "a Nomad of yours (VIPSTACK_NOMAD=FILE)";
  return join(cacheFolder("artefacts"), artefactFile(artefactOf(name)));
}

/** Which of the programs are not there, in words. */
export function missingPrograms(...names: readonly Program[]): string[] {
  return names.map(programFile).filter((file) => !existsSync(file));
}

/** Whether a test that runs these programs can; says so, loudly, where it can't. */
export function havePrograms(what: string, ...names: readonly Program[]): boolean {
  const missing = missingPrograms(...names);
  if (missing.length > 0) process.stderr.write(`SKIPPED: ${what} (missing: ${missing.join(", ")})\n`);
  return missing.length === 0;
}
