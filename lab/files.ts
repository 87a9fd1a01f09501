import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { pipeline } from "stream/promises";
import { codeOf, LabError } from "./errors";

/** Text of a file, undefined if there is none. */
export function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/** A reader of the file sees the old text or the new one, never half of it. */
export function writeAtomically(file: string, text: string, mode = 0o644): void {
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, text, { mode });
  fs.renameSync(temporary, file);
}

/**
 * Runs `work` while this process holds the lock file. The kernel keeps the lock and frees it when its holder is gone, however that
 * ended. The empty file stays: removing it could take it from under another process that waits.
 *
 * @param waiting is called once if another process holds it
 */
export async function withLock<T>(file: string, work: () => Promise<T>, waiting?: () => void): Promise<T> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  let release = await flock(file, "--nonblock");
  if (release === undefined) {
    waiting?.();
    release = await flock(file);
  }
  if (release === undefined)
    throw new LabError(`${file} can't be locked`, "see whether flock(1) of util-linux is installed");
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Lets flock(1) hold a lock until its input ends: with the returned function, or with this process. */
async function flock(file: string, ...options: string[]): Promise<(() => Promise<void>) | undefined> {
  const words = [...options, file, "sh", "-c", "echo held; exec cat"];
  // In a session of its own: Ctrl-C must not free the lock while this process still cleans up.
  const holder = execa("flock", words, { detached: true, reject: false });
  const held = new Promise<boolean>((resolve) => {
    holder.stdout?.once("data", () => {
      resolve(true);
    });
  });
  if (!(await Promise.race([held, holder.then(() => false)]))) return undefined;
  return async () => {
    holder.stdin?.end();
    await holder;
  };
}

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
