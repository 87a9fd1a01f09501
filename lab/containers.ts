import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { distributionSources, hostAptChecks, hostSources, sourceLines } from "./apt-sources";
import { cacheFolder, sha256Of, workFolder } from "./cache";
import { buildContainer, type PackageOrigin } from "./container-build";
import { hubReference, shortName } from "./container-names";
import { CONTAINER_RECIPES, type ContainerRecipe } from "./container-recipes";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { abortable } from "./interrupt";
import { withLock } from "./lock";
import { readIfThere, writeAtomically } from "./state";

/** An image in the cache, ready to be pushed. */
export interface Container {
  /** A `docker save` archive, or a folder in the OCI layout. */
  readonly file: string;
  readonly references: readonly string[];
}

/** All images that a lab's registry has: those that users added, and the lab's own under the names that are left. */
export async function prepareContainers(progress: Progress): Promise<Container[]> {
  const origin = await packageOrigin();
  const own: Container[] = [];
  for (const recipe of CONTAINER_RECIPES) own.push(await prepareContainer(recipe, origin, progress));
  return withAdded(own, addedContainers());
}

/** An added image takes the place of the lab's own one of the same name. */
export function withAdded(own: readonly Container[], added: readonly Container[]): Container[] {
  const taken = new Set(added.flatMap(({ references }) => references));
  const left = own.map(({ file, references }) => ({ file, references: references.filter((name) => !taken.has(name)) }));
  return [...left.filter(({ references }) => references.length > 0), ...added];
}

/** Images that users brought in; kept for every lab of this user. */
export function addedContainers(): Container[] {
  const folder = addedFolder();
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((entry) => !entry.startsWith("."))
    .sort()
    .flatMap((entry) => {
      const name = readIfThere(path.join(folder, entry, "name"));
      return name === undefined ? [] : [{ file: contentOf(path.join(folder, entry)), references: [name.trim()] }];
    });
}

/** Keeps an archive that `docker save`, `podman save` or an OCI tool wrote, under a name of Docker Hub's kind. */
export async function addContainer(name: string, archive: string): Promise<Container> {
  const reference = hubReference(name);
  const listing = await execa("tar", ["-tf", archive], { reject: false });
  const entries = listing.stdout.split("\n").map((entry) => entry.replace(/^\.\//, ""));
  const layout = ["manifest.json", "index.json"].find((entry) => entries.includes(entry));
  if (listing.failed || layout === undefined) {
    throw new LabError(
      `${archive} is not an archive of an image${listing.failed ? `: ${listing.stderr.split("\n")[0] ?? ""}` : ""}`,
      `make one: docker save ${shortName(reference)} --output image.tar`,
    );
  }
  const folder = addedFolder();
  const target = path.join(folder, key(reference));
  return withLock(`${target}.lock`, async () => {
    const work = workFolder(folder, key(reference));
    try {
      const unpacked = path.join(work, "content");
      fs.mkdirSync(unpacked);
      await execa("tar", ["-xf", archive, "--no-same-owner", "-C", unpacked], { stdin: "ignore" });
      // The registry's client reads the one kind as a plain archive, the other as a folder.
      if (layout === "manifest.json") {
        const names = fs.readdirSync(unpacked); // by name: an entry "./manifest.json" would not be found
        await execa("tar", ["-cf", path.join(work, "image.tar"), "-C", unpacked, ...names]);
        fs.rmSync(unpacked, { recursive: true });
      }
      fs.writeFileSync(path.join(work, "name"), `${reference}\n`);
      fs.rmSync(target, { recursive: true, force: true });
      fs.renameSync(work, target);
    } finally {
      fs.rmSync(work, { recursive: true, force: true });
    }
    return { file: contentOf(target), references: [reference] };
  });
}

/** Forgets an added image; the lab's own one of that name, if there is one, counts again at the next start. */
export function removeContainer(name: string): boolean {
  const target = path.join(addedFolder(), key(hubReference(name)));
  const existed = fs.existsSync(target);
  fs.rmSync(target, { recursive: true, force: true });
  return existed;
}

async function prepareContainer(
  recipe: ContainerRecipe,
  origin: PackageOrigin,
  progress: Progress,
): Promise<Container> {
  const hash = createHash("sha256")
    .update(JSON.stringify([recipe, origin]))
    .digest("hex")
    .slice(0, 16);
  const folder = cacheFolder("containers");
  const file = path.join(folder, `${hash}.tar`);
  const name = shortName(recipe.references[0] ?? "");
  const sound = async (): Promise<boolean> =>
    fs.existsSync(file) && readIfThere(`${file}.sha256`)?.trim() === (await sha256Of(file));
  const container = { file, references: recipe.references };
  if (await sound()) return container;
  await withLock(
    path.join(folder, `${hash}.lock`),
    async () => {
      if (await sound()) return; // somebody else may have made it while this waited
      if (fs.existsSync(file)) progress.tell(null, "software", `the cached image ${name} is damaged; making it again`);
      const started = Date.now();
      progress.tell(null, "software", `making the image ${name} from ${origin.distribution} packages, once`);
      const work = workFolder(folder, hash);
      try {
        await abortable(`making the image ${name}`, async (signal) => {
          const image = await buildContainer(recipe, origin, { work, signal });
          writeAtomically(`${file}.sha256`, `${await sha256Of(image)}\n`);
          fs.renameSync(image, file);
        });
      } finally {
        await execa("rm", ["-rf", "--one-file-system", work], { reject: false });
      }
      progress.tell(null, "software", `image ${name} made in ${Math.round((Date.now() - started) / 1000)} s`);
    },
    () => {
      progress.tell(null, "software", `another process is making the image ${name}; waiting for it`);
    },
  );
  return container;
}

async function packageOrigin(): Promise<PackageOrigin> {
  const release = readIfThere("/etc/os-release") ?? "";
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}=(.+)$`, "m").exec(release)?.[1]?.replace(/"/g, "");
  const suite = field("VERSION_CODENAME") ?? "";
  const sources = distributionSources(await hostSources(), suite);
  const distribution = field("ID") === "ubuntu" ? "Ubuntu" : "Debian";
  return { distribution, suite, sources: sourceLines(sources), aptChecks: await hostAptChecks() };
}

function addedFolder(): string {
  return path.join(cacheFolder("containers"), "added");
}

function contentOf(folder: string): string {
  const archive = path.join(folder, "image.tar");
  return fs.existsSync(archive) ? archive : path.join(folder, "content");
}

function key(reference: string): string {
  return createHash("sha256").update(reference).digest("hex").slice(0, 16);
}
