import * as fs from "fs";
import * as path from "path";
import { buildArtefact } from "./artefact-build";
import { type Artefact, artefactFile, artefactOf } from "./artefact-catalogue";
import { cacheFolder, sha256Of, workFolder } from "./cache";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { abortable, tellWaiting } from "./interrupt";
import { withLock } from "./lock";

/** Path of an artefact in the cache; built now if it is not there, or damaged. */
export async function prepareArtefact(name: string, progress: Progress): Promise<string> {
  const artefact = artefactOf(name);
  const folder = cacheFolder("artefacts");
  const file = path.join(folder, artefactFile(artefact));
  if ((await damageOf(file, artefact.sha256)) === undefined) return file;
  let waited = (): void => undefined;
  await withLock(
    `${file}.lock`,
    async () => {
      waited();
      const damage = await damageOf(file, artefact.sha256); // somebody else may have built it while this waited
      if (damage === undefined) return;
      if (fs.existsSync(file))
        progress.tell(null, "software", `${name} in the cache is damaged (${damage}); building it again`);
      await abortable(`building ${name}`, (signal) => build(artefact, file, progress, signal));
    },
    () => {
      waited = tellWaiting(progress, `another process is building ${name}`);
    },
  );
  return file;
}

/** What is wrong with a cached file; undefined if nothing is. */
export async function damageOf(file: string, sha256: string): Promise<string | undefined> {
  if (!fs.existsSync(file)) return "it is not there";
  const found = await sha256Of(file);
  return found === sha256 ? undefined : `its sha256 is ${found}`;
}

async function build(artefact: Artefact, file: string, progress: Progress, signal: AbortSignal): Promise<void> {
  const started = Date.now();
  const { name, version, sha256 } = artefact;
  const work = workFolder(path.dirname(file), name);
  try {
    const built = await buildArtefact(artefact, { work, progress, signal });
    const found = await sha256Of(built);
    if (found !== sha256) {
      throw new LabError(
        `${name} ${version} was built with sha256 ${found}, expected ${sha256}`,
        `the Go that is installed here is a changed one: put another release (1.21 or newer) first on the PATH, it fetches go${artefact.go} itself`,
      );
    }
    fs.chmodSync(built, 0o755);
    fs.renameSync(built, file);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  progress.tell(null, "software", `${name} ${version} built in ${seconds} s, kept in ${file}`, 100);
}
