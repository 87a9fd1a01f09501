import * as fs from "fs";
import * as path from "path";
import { codeOf } from "./errors";
import { bootId, isAlive, parseRecord, recordOf, sleep } from "./processes";
import { readIfThere } from "./state";

/**
 * Runs `work` while holding the lock file. The file names its holder with start time, so a lock whose holder crashed is taken over.
 * `waiting` is called once if another process holds it.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, waiting?: () => void): Promise<T> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const mine = JSON.stringify(recordOf(process.pid) ?? { pid: process.pid, startTime: "", bootId: bootId() });
  // A link of a complete file appears at once with its content; creating the lock and then writing it would show an empty one.
  const candidate = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  fs.writeFileSync(candidate, mine);
  try {
    let told = false;
    while (!tryLink(candidate, file)) {
      if (!isAlive(parseRecord(readIfThere(file)))) takeAway(file);
      else {
        if (!told) waiting?.();
        told = true;
        await sleep(50);
      }
    }
  } finally {
    fs.rmSync(candidate, { force: true });
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

function tryLink(candidate: string, file: string): boolean {
  try {
    fs.linkSync(candidate, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Removes a dead holder's lock. Moved first and looked at again: someone else may have taken the lock over meanwhile. */
function takeAway(file: string): void {
  const moved = `${file}.stale.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    fs.renameSync(file, moved);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if (isAlive(parseRecord(readIfThere(moved)))) tryLink(moved, file);
  fs.rmSync(moved, { force: true });
}
