import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { distributionSources, hostAptChecks, hostSources, sourceLines } from "../apt-sources";
import { LabError } from "../errors";
import { abortable, type Progress, tellWaiting } from "../events";
import { cacheFolder, readIfThere, sha256Of, withLock, workFolder, writeAtomically } from "../files";
import { buildContainer, type PackageOrigin } from "./image-build";
import { CONTAINER_RECIPES, type ContainerRecipe } from "./image-recipes";
import { siteProblem } from "./releases";

/** An image in the cache, ready to be pushed. */
export interface Container {
  /** A `docker save` archive, or a folder in the OCI layout. */
  readonly file: string;
  readonly references: readonly string[];
  /** Whether the lab fetched it. @default false */
  readonly fetched?: boolean;
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
      if (name === undefined) return [];
      const fetched = fs.existsSync(path.join(folder, entry, "fetched"));
      return [{ file: contentOf(path.join(folder, entry)), references: [name.trim()], ...(fetched && { fetched }) }];
    });
}

/**
 * Keeps an archive that `docker save`, `podman save` or an OCI tool wrote, under a name of Docker Hub's kind.
 *
 * @param fetched whether the lab itself fetched it
 */
export async function addContainer(name: string, archive: string, fetched = false): Promise<Container> {
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
      if (fetched) fs.writeFileSync(path.join(work, "fetched"), "");
      fs.rmSync(target, { recursive: true, force: true });
      fs.renameSync(work, target);
    } finally {
      fs.rmSync(work, { recursive: true, force: true });
    }
    return { file: contentOf(target), references: [reference], ...(fetched && { fetched }) };
  });
}

/**
 * Fetches an image from Docker Hub and keeps it as an added one.
 *
 * @param crane the registry's client
 * @throws LabError where Docker Hub has none of that name, or is not reached
 */
export async function fetchContainer(name: string, crane: string): Promise<Container> {
  const reference = hubReference(name);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "vipstack-image-"));
  try {
    const archive = path.join(folder, "image.tar");
    const words = ["pull", "--platform", "linux/amd64", reference, archive];
    const { failed, all = "" } = await execa(crane, words, { all: true, reject: false, stdin: "ignore" });
    if (!failed) return await addContainer(name, archive, true);
    const reason = all.trim().split("\n").at(-1) ?? "";
    throw new LabError(
      `${shortName(reference)} can't be fetched from Docker Hub: ${reason.replace(/^.*?Error: /, "")}`,
      `bring it in: docker save ${shortName(reference)} --output image.tar, then image add ${shortName(reference)} image.tar`,
    );
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Forgets an added image; the lab's own one of that name, if there is one, counts again at the next start. */
export function removeContainer(name: string): boolean {
  const target = path.join(addedFolder(), key(hubReference(name)));
  const existed = fs.existsSync(target);
  fs.rmSync(target, { recursive: true, force: true });
  return existed;
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

/**
 * The name under which a Docker Hub mirror is asked for an image: `busybox:1` is `library/busybox:1`, no tag is `latest`.
 *
 * @throws LabError for a name that Docker would not look up at Docker Hub, or that is none
 */
export function hubReference(name: string): string {
  const plain = name.replace(/^(docker\.io|index\.docker\.io|registry-1\.docker\.io)\//, "");
  const parts = /^((?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*\/)*[a-z0-9]+(?:[._-]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?$/.exec(
    plain,
  );
  const repository = parts?.[1];
  if (repository === undefined) {
    throw new LabError(`"${name}" is not the name of an image with a tag`, "write it like nginx:stable or me/app:1.2");
  }
  const [first = ""] = repository.split("/");
  if (repository.includes("/") && /[.:]|^localhost$/.test(first)) {
    throw new LabError(
      `"${name}" belongs to the registry ${first}; the lab's registry stands for Docker Hub only`,
      `add it under a name of Docker Hub's kind: ${repository.slice(first.length + 1)}`,
    );
  }
  return `${repository.includes("/") ? "" : "library/"}${repository}:${parts?.[2] ?? "latest"}`;
}

/** A reference in its usual short form. */
export function shortName(reference: string): string {
  return reference.replace(/^library\//, "");
}

/** Where an image is, or would come from. */
type ImageSource = "added" | "fetched" | "made" | "docker-hub";

/** One image in `image check --json`. */
interface ImageCheck {
  readonly name: string;
  readonly available: boolean;
  /** null where it is not available. */
  readonly source: ImageSource | null;
  /** Where from, in words. */
  readonly from?: string;
  /** Why it is not available. */
  readonly why?: string;
  /** The words after `vipstack-lab` that bring it in. */
  readonly cure?: string;
}

/** As a line for the user. */
export function imageLine({ name, from, why, cure }: ImageCheck): string {
  return from === undefined ? `${why ?? ""} (vipstack-lab ${cure ?? ""})` : `${name}: ${from}`;
}

/**
 * Whether images are available. Nothing is fetched: Docker Hub is asked whether it answers, not whether it has the image, since only
 * `image get` logs in there.
 */
export async function checkImages(names: readonly string[]): Promise<ImageCheck[]> {
  const sources = names.map((name) => ({
    name: shortName(hubReference(name)),
    source: sourceHere(hubReference(name)),
  }));
  const problem = sources.some(({ source }) => source === undefined) ? await siteProblem(hub()) : undefined;
  return sources.map(({ name, source }) => {
    if (source !== undefined) return { name, available: true, source, from: WORDS[source] };
    if (problem === undefined) return { name, available: true, source: "docker-hub", from: WORDS["docker-hub"] };
    return {
      name,
      available: false,
      source: null,
      why: `the image ${name} is neither added nor made by the lab, and Docker Hub can't be asked: ${problem}`,
      cure: `image add ${name} FILE`,
    };
  });
}

const WORDS: Readonly<Record<ImageSource, string>> = {
  added: "an image that was added",
  fetched: "fetched from Docker Hub",
  made: "made of the distribution's packages",
  "docker-hub": "fetched from Docker Hub when it is needed",
};

function sourceHere(reference: string): ImageSource | undefined {
  const added = addedContainers().find(({ references }) => references.includes(reference));
  if (added) return added.fetched ? "fetched" : "added";
  return CONTAINER_RECIPES.some(({ references }) => references.includes(reference)) ? "made" : undefined;
}

/** Its own address, or a mirror's that is set for tests. */
function hub(): string {
  return process.env.VIPSTACK_DOCKER_HUB ?? "https://registry-1.docker.io/v2/";
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
