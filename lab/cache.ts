import { createHash } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { pipeline } from "stream/promises";

/** A folder of the user's cache; its content can be deleted at any time and is made again. */
export function cacheFolder(part: "images" | "kernel" | "artefacts" | "containers"): string {
  const base = process.env.XDG_CACHE_HOME ?? "";
  return path.join(path.isAbsolute(base) ? base : path.join(os.homedir(), ".cache"), "vipstack", part);
}

/** A folder for half-made things inside a cache folder. Those of crashed runs go first: the caller holds the lock of `name`. */
export function workFolder(folder: string, name: string): string {
  fs.mkdirSync(folder, { recursive: true });
  const prefix = `.build-${name}-`;
  for (const left of fs.readdirSync(folder).filter((entry) => entry.startsWith(prefix)))
    fs.rmSync(path.join(folder, left), { recursive: true, force: true });
  return fs.mkdtempSync(path.join(folder, prefix));
}

/** What was read in this process: a command looks at the same program, of 100 MB, more than once. */
const known = new Map<string, string>();

/** Hexadecimal SHA-256 of a file's content. */
export async function sha256Of(file: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = fs.statSync(file, { bigint: true });
  const key = [dev, ino, size, mtimeNs, ctimeNs].join();
  const sum = known.get(key) ?? (await read(file));
  known.set(key, sum);
  return sum;
}

async function read(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(fs.createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}
