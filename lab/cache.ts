import * as os from "os";
import * as path from "path";

/** A folder of what is made once and kept, in the user's cache folder. */
export function cacheFolder(name: string): string {
  const base = process.env.XDG_CACHE_HOME ?? "";
  return path.join(path.isAbsolute(base) ? base : path.join(os.homedir(), ".cache"), "vipstack", name);
}
