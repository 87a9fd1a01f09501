import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { cacheFolder } from "./cache";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { readIfThere } from "./state";

const SOURCE = path.join(__dirname, "kernel-xstate.c");

/** Whether the guests' kernel needs help on this processor: it knows registers up to AVX-512, and AMX comes after that. */
export function hasLargeRegisters(cpuinfo: string): boolean {
  return /^flags\s*:.*\bamx_tile\b/m.test(cpuinfo);
}

/** {@link hasLargeRegisters} of this host. */
export function kernelNeedsHelp(): boolean {
  return hasLargeRegisters(readIfThere("/proc/cpuinfo") ?? "");
}

/** The library that is loaded into the guests' kernel; undefined where it needs none. Its name follows from its source. */
export function kernelLibrary(): string | undefined {
  if (!kernelNeedsHelp()) return undefined;
  const hash = createHash("sha256").update(fs.readFileSync(SOURCE)).digest("hex").slice(0, 16);
  return path.join(cacheFolder("kernel"), `xstate-${hash}.so`);
}

/** Compiles {@link kernelLibrary}, once. */
export async function prepareKernelLibrary(progress: Progress): Promise<void> {
  const library = kernelLibrary();
  if (library === undefined || fs.existsSync(library)) return;
  progress.tell(null, "host", "compiling the part that lets guests run on a processor with AMX (once)");
  fs.mkdirSync(path.dirname(library), { recursive: true });
  const fresh = `${library}.${process.pid}.tmp`;
  const { exitCode, stderr } = await execa("gcc", ["-O2", "-shared", "-fPIC", "-o", fresh, SOURCE], { reject: false });
  if (exitCode !== 0) {
    throw new LabError(
      `gcc could not compile ${SOURCE}: ${stderr.trim().split("\n")[0] ?? ""}`,
      "install a complete compiler: apt-get install --reinstall gcc libc6-dev",
    );
  }
  fs.renameSync(fresh, library);
}
