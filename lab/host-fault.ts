import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { codeOf, LabError, messageOf } from "./errors";
import { cacheFolder } from "./files";

/** Below this a file system counts as full. */
const FULL_BYTES = 1 << 20;

const REASONS: Readonly<Record<string, string>> = {
  EROFS: "its file system is read-only",
  EACCES: "permission denied",
  EPERM: "the operation is not permitted",
  ENOTDIR: "a part of the path is a file, not a folder",
};

/**
 * A full file system, or a folder that can't be written, behind an error of this process or of a program that it ran.
 *
 * @param dir the folder of a lab, if the command is about one
 * @returns the error to show in its place; undefined if it is about something else
 */
export function hostFault(error: unknown, dir?: string): LabError | undefined {
  const text = messageOf(error);
  const folders = [
    { folder: path.dirname(cacheFolder("images")), move: "XDG_CACHE_HOME=FOLDER" },
    { folder: os.tmpdir(), move: "TMPDIR=FOLDER" },
    ...(dir === undefined ? [] : [{ folder: path.resolve(dir), move: "--dir FOLDER" }]),
  ];
  if (/\b(?:ENOSPC|EDQUOT)\b|no space left on device|disk quota exceeded/i.test(text)) {
    const full = folders.filter(({ folder }) => freeBytes(folder) < FULL_BYTES);
    const where = full.length === 0 ? "this host" : full.map(({ folder }) => folder).join(" and ");
    const move = full.length === 0 ? "" : `, or use another folder: ${full.map((one) => one.move).join(", ")}`;
    return new LabError(
      `no space is left for ${where}: ${firstLine(text)}`,
      `free some (look: df -h ${full[0]?.folder ?? "."})${move}`,
    );
  }
  const { path: file, syscall } = error as NodeJS.ErrnoException;
  const code = codeOf(error) ?? "";
  // Node says ENOENT where it can't make a folder on a file system that can only be read.
  const makes = code === "ENOENT" && (syscall === "mkdir" || syscall === "mkdtemp");
  const reason = REASONS[makes ? refusalOf(file) : code];
  if (reason === undefined || file === undefined) return undefined;
  const move = folders.find(({ folder }) => `${path.resolve(file)}/`.startsWith(`${folder}/`))?.move;
  return new LabError(
    `${file} can't be written: ${reason}`,
    `make it writable (look: ls -ld ${nearest(file)})${move === undefined ? "" : `, or use another folder: ${move}`}`,
  );
}

function firstLine(text: string): string {
  return text.split("\n").find((line) => /space left|ENOSPC|EDQUOT|quota/i.test(line)) ?? "";
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = fs.statfsSync(nearest(folder));
  return bavail * bsize;
}

/** The first folder on the way up that is there. */
function nearest(file: string): string {
  let found = path.resolve(file);
  while (!fs.existsSync(found)) found = path.dirname(found);
  return found;
}

function refusalOf(file = "."): string {
  try {
    fs.accessSync(nearest(file), fs.constants.W_OK);
    return "";
  } catch (error) {
    return codeOf(error) ?? "";
  }
}
