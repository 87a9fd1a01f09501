import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { CliError } from "./errors";
import { OUTPUT_FOLDER } from "./program";

/** A folder of this host that commands write into, as users know it, and the variable that moves it. */
export interface WrittenFolder {
  readonly what: string;
  readonly path: string;
  readonly setting: string;
}

/** Below this a file system counts as full: cdktf writes more at each synth. */
const FULL_BYTES = 1 << 20;

function writtenFolders(): WrittenFolder[] {
  return [
    { what: "state folder", path: process.env.VIPSTACK_STATE ?? ".vipstack", setting: "VIPSTACK_STATE" },
    { what: "output folder", path: OUTPUT_FOLDER, setting: "VIPSTACK_STATE" },
    { what: "folder of temporary files", path: tmpdir(), setting: "TMPDIR" },
  ];
}

/**
 * A full file system, or a folder that can't be written, behind an error of this process or of a program that it ran.
 *
 * @returns the error to show in its place; undefined if it is about something else
 */
export function hostFault(error: unknown, folders: readonly WrittenFolder[] = writtenFolders()): CliError | undefined {
  const { code = "", path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const text = error instanceof Error ? error.message : String(error);
  // The lab has said it, with its own cure.
  if (text.includes("what to do: ")) return undefined;
  // What a program printed may be about any file of the user's; a full disk and a read-only one are the host's.
  const said = error instanceof CliError && !/^E[A-Z]+: /.test(text) ? `${text}\n` : "";
  if (/\b(?:ENOSPC|EDQUOT)\b|no space left on device|disk quota exceeded/i.test(text)) {
    const full = folders.filter((folder) => freeBytes(folder.path) < FULL_BYTES);
    const places = full.map(({ what, path: folder }) => `${what} ${folder}`);
    const where =
      places.length > 0 ? `for the ${places.join(" and the ")}` : `on this host${path ? ` for ${path}` : ""}`;
    return new CliError(`${said}no space is left ${where}`, cureOf("free some", "df -h", full));
  }
  const file = path ?? PATH_IN_TEXT.exec(text)?.slice(1).find(Boolean);
  const [place] = folders.filter((folder) => file !== undefined && isWithin(file, folder.path));
  const makes = code === "ENOENT" && (syscall === "mkdir" || syscall === "mkdtemp");
  const reason = REASONS[makes ? refusalOf(file) : code] ?? reasonIn(text);
  if (reason === undefined || (error instanceof CliError && place === undefined)) return undefined;
  const what = place === undefined ? (file ?? "a file") : `${file ?? place.path}, in the ${place.what},`;
  return new CliError(
    `${said}${what} can't be written: ${reason}`,
    cureOf("make it writable", "ls -ld", place ? [place] : [], file),
  );
}

/** Node's own text, then that of programs in Go. */
const PATH_IN_TEXT =
  /\b(?:EROFS|EACCES|EPERM|ENOTDIR): [^,\n]+, \w+ '([^'\n]+)'|\b(?:open|mkdir|create|rename|remove|unlinkat) (\/[^\s:]+): (?:permission denied|read-only file system|not a directory)/;

const REASONS: Readonly<Record<string, string>> = {
  EROFS: "its file system is read-only",
  EACCES: "permission denied",
  EPERM: "the operation is not permitted",
  ENOTDIR: "a part of the path is a file, not a folder",
  ENOENT: "there is no such folder",
};

function reasonIn(text: string): string | undefined {
  if (/read-only file system/i.test(text)) return REASONS.EROFS;
  const [, code = ""] = /\b(EROFS|EACCES|EPERM|ENOTDIR): /.exec(text) ?? [];
  return (
    REASONS[code] ??
    (PATH_IN_TEXT.test(text) ? (/permission denied/.test(text) ? REASONS.EACCES : REASONS.ENOTDIR) : undefined)
  );
}

function cureOf(what: string, look: string, folders: readonly WrittenFolder[], file?: string): string {
  const path = file === undefined ? (folders[0]?.path ?? ".") : nearest(file);
  const settings = [...new Set(folders.map(({ setting }) => `${setting}=FOLDER`))];
  const move = settings.length === 0 ? "" : `, or use another one: ${settings.join(" ")}`;
  return `${what} (look: ${look} ${path})${move}; then run this again`;
}

function isWithin(file: string, folder: string): boolean {
  return `${resolve(file)}/`.startsWith(`${resolve(folder)}/`);
}

/** The first folder on the way up that is there. */
function nearest(path: string): string {
  let found = resolve(path);
  while (!existsSync(found)) found = dirname(found);
  return found;
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(nearest(folder));
  return bavail * bsize;
}

/** Why a folder can't be made. Node says ENOENT also where the file system can only be read. */
function refusalOf(path = "."): string {
  try {
    accessSync(nearest(path), constants.W_OK);
    return "ENOENT";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "";
  }
}
