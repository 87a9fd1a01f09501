import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { addedContainers, type Container } from "./added-containers";
import { distributionSources, hostAptChecks, hostSources, sourceLines } from "./apt-sources";
import { cacheFolder, sha256Of, workFolder } from "./cache";
import { buildContainer, type PackageOrigin } from "./container-build";
import { shortName } from "./container-names";
import { CONTAINER_RECIPES, type ContainerRecipe } from "./container-recipes";
import type { Progress } from "./events";
import { abortable, tellWaiting } from "./interrupt";
import { withLock } from "./lock";
import { readIfThere, writeAtomically } from "./state";

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
  let waited = (): void => undefined;
  await withLock(
    path.join(folder, `${hash}.lock`),
    async () => {
      waited();
      if (await sound()) return; // another process may have made it meanwhile
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
      waited = tellWaiting(progress, `another process is making the image ${name}`);
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
