import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { distributionSources, hostAptChecks, hostSources, sourceLines } from "./apt-sources";
import { cacheFolder } from "./cache";
import { shortName } from "./container-names";
import { buildImage } from "./image-build";
import type { KeptContainer } from "./image-containers";
import { imageRecipe, type ImageRecipe } from "./image-recipe";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { withLock } from "./lock";
import { readIfThere, writeAtomically } from "./state";

/** Room for the unpacked system, the image made of it, and some air. */
const NEEDED_BYTES = 2.5e9;
const MODULES = "/usr/lib/uml/modules";

/** What is remembered about a finished image, to notice a damaged one without reading all of it. */
interface Sidecar {
  readonly size: number;
  readonly mtimeMs: number;
}

/** Folder of the cached images. */
function imageFolder(): string {
  return cacheFolder("images");
}

/**
 * Path of the base image; built now if it isn't in the cache, or is damaged there.
 *
 * @param preinstalled packages that it holds beside the usual ones: another set is another image
 * @param containers container images that its Docker holds
 */
export async function prepareImage(
  progress: Progress,
  preinstalled: readonly string[] = [],
  containers: readonly KeptContainer[] = [],
): Promise<string> {
  const recipe = await hostRecipe(preinstalled, containers);
  const held = [...preinstalled, ...containers.flatMap(({ references }) => references.slice(0, 1).map(shortName))];
  const title = ["the machines' base image", ...(held.length > 0 ? [held.join(", ")] : [])].join(" with ");
  const hash = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const image = path.join(imageFolder(), `${hash}.ext4`);
  if ((await damageOf(image)) === undefined) return image;
  await withLock(
    path.join(imageFolder(), `${hash}.lock`),
    async () => {
      const damage = await damageOf(image); // another process may have built it meanwhile
      if (damage === undefined) return;
      if (fs.existsSync(image))
        progress.tell(null, "image", `${title} in the cache is damaged (${damage}); building it again`);
      checkSpace(imageFolder());
      await build(recipe, image, title, progress);
    },
    () => {
      progress.tell(null, "image", `another process is building ${title}; waiting for it`);
    },
  );
  return image;
}

/** What is wrong with a cached image; undefined if nothing is. */
export async function damageOf(image: string): Promise<string | undefined> {
  const text = readIfThere(`${image}.json`);
  if (!fs.existsSync(image)) return "it is not there";
  if (text === undefined) return "its description is not there";
  try {
    const expected = JSON.parse(text) as Sidecar;
    const found = fs.statSync(image);
    if (found.size !== expected.size) return `${found.size} bytes instead of ${expected.size}`;
    if (found.mtimeMs !== expected.mtimeMs) return "it was changed after it was built";
  } catch {
    return "its description can't be read";
  }
  const check = await execa("e2fsck", ["-n", image], { reject: false });
  return check.exitCode === 0 ? undefined : "its file system has errors";
}

async function build(recipe: ImageRecipe, image: string, title: string, progress: Progress): Promise<void> {
  const started = Date.now();
  // Of this image only: another one may be in the making beside it.
  const prefix = `.build-${path.basename(image, ".ext4")}-`;
  for (const left of fs.readdirSync(imageFolder()).filter((name) => name.startsWith(prefix))) {
    await removeTree(path.join(imageFolder(), left)); // the lock is ours, so these are of crashed builds
  }
  const work = fs.mkdtempSync(path.join(imageFolder(), prefix));
  const abort = new AbortController();
  const interrupted = (): void => {
    abort.abort();
  };
  // "on", not "once": a library that ends children on signals ends this program as well when it finds no other listener.
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  try {
    const built = await buildImage(recipe, {
      title,
      work,
      modules: path.join(MODULES, recipe.kernel),
      progress,
      signal: abort.signal,
    });
    const { size, mtimeMs } = fs.statSync(built);
    writeAtomically(`${image}.json`, JSON.stringify({ size, mtimeMs } satisfies Sidecar) + "\n");
    fs.renameSync(built, image);
  } catch (error) {
    if (abort.signal.aborted) throw new LabError(`interrupted while building ${title}`, "run the same command again");
    throw error;
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await removeTree(work);
  }
  progress.tell(
    null,
    "image",
    `${title}: built in ${Math.round((Date.now() - started) / 1000)} s, kept in ${image}`,
    100,
  );
}

/** The recipe for this host: its own release, its own package archives, the user-mode Linux kernel that is installed. */
async function hostRecipe(preinstalled: readonly string[], containers: readonly KeptContainer[]): Promise<ImageRecipe> {
  const suite = /^VERSION_CODENAME=(.+)$/m.exec(readIfThere("/etc/os-release") ?? "")?.[1]?.replace(/"/g, "");
  if (suite === undefined) {
    throw new LabError(
      "/etc/os-release does not name the release of this system",
      "run the lab on a Debian or Ubuntu release",
    );
  }
  const sources = distributionSources(await hostSources(), suite);
  if (sources.length === 0) {
    throw new LabError(
      `apt has no http source for ${suite} on this machine, so no base image can be built`,
      `add the distribution's archive to /etc/apt/sources.list and run apt-get update`,
    );
  }
  const kernel = fs.existsSync(MODULES) ? fs.readdirSync(MODULES).sort().at(-1) : undefined;
  if (kernel === undefined) {
    throw new LabError(`no kernel modules in ${MODULES}`, "install them: apt-get install --reinstall user-mode-linux");
  }
  const host = { suite, kernel, sources: sourceLines(sources), aptChecks: await hostAptChecks() };
  return imageRecipe(host, preinstalled, containers);
}

function checkSpace(folder: string): void {
  const { bavail, bsize } = fs.statfsSync(folder);
  if (bavail * bsize < NEEDED_BYTES) {
    throw new LabError(
      `not enough disk space for the base image: ${(NEEDED_BYTES / 1e9).toFixed(1)} GB needed in ${folder}, ${((bavail * bsize) / 1e9).toFixed(1)} GB free`,
      "make room there, or set XDG_CACHE_HOME to a folder on a bigger disk",
    );
  }
}

/** Never across a mount point: a build that was killed may have left one. */
async function removeTree(folder: string): Promise<void> {
  await execa("rm", ["-rf", "--one-file-system", folder], { reject: false });
}
