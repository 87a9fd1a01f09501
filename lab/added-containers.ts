import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { cacheFolder, workFolder } from "./cache";
import { hubReference, shortName } from "./container-names";
import { LabError } from "./errors";
import { withLock } from "./lock";
import { readIfThere } from "./state";

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
      `${shortName(reference)} can't be had from Docker Hub: ${reason.replace(/^.*?Error: /, "")}`,
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
