import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { cacheFolder } from "./files";

interface Requirement {
  readonly command: string;
  readonly debianPackages: readonly string[];
  readonly reason: string;
}

const REQUIREMENTS: Requirement[] = [
  { command: "linux.uml", debianPackages: ["user-mode-linux"], reason: "the kernel that machines run" },
  { command: "mmdebstrap", debianPackages: ["mmdebstrap"], reason: "builds the machines' base image" },
  {
    command: "genisoimage",
    debianPackages: ["genisoimage"],
    reason: "writes the disk that carries a machine's user-data",
  },
  { command: "socat", debianPackages: ["socat"], reason: "leads connections into the lab's network" },
  { command: "mke2fs", debianPackages: ["e2fsprogs"], reason: "makes the base image's file system" },
  { command: "ip", debianPackages: ["iproute2"], reason: "makes the lab's network" },
  { command: "ssh", debianPackages: ["openssh-client"], reason: "is how machines are reached" },
  { command: "gcc", debianPackages: ["gcc", "libc6-dev"], reason: "compiles what is loaded into that kernel" },
];

/** A command as found in the folders where administration tools live; a user's PATH often lacks the sbin ones. */
export function which(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
  return folders.map((folder) => path.join(folder, command)).find((file) => folderHas(file));
}

/** Tools are called by name everywhere; make sure that the sbin folders are searched. */
export function widenPath(): void {
  process.env.PATH = [...new Set([...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"])]
    .filter((folder) => folder !== "")
    .join(":");
}

/** What can't be installed: another system, another processor, no root, no tun device. */
export function checkSystem(system: {
  platform: string;
  arch: string;
  uid: number;
  debian: boolean;
  tun: boolean;
}): void {
  if (system.platform !== "linux" || system.arch !== "x64") {
    throw new LabError(
      `the lab runs on Linux on x86_64 only; this is ${system.platform} on ${system.arch}`,
      "run it in a Debian or Ubuntu virtual machine, or choose another backend for your machines",
    );
  }
  if (!system.debian) {
    throw new LabError(
      "the lab needs Debian or Ubuntu (apt-get was not found)",
      "run it in a Debian or Ubuntu virtual machine, or choose another backend for your machines",
    );
  }
  if (system.uid !== 0) {
    throw new LabError("the lab needs root, to make its private network namespace", "run the same command with sudo");
  }
  if (!system.tun) {
    throw new LabError(
      "/dev/net/tun can't be opened, so machines can't have network interfaces",
      "load the module (modprobe tun), or start this container with --device /dev/net/tun --cap-add NET_ADMIN,SYS_ADMIN,SYS_PTRACE",
    );
  }
}

/** Checks this machine, and installs the Debian packages that are missing after naming them. */
export async function prepareHost(progress: Progress): Promise<void> {
  widenPath();
  checkSystem({
    platform: process.platform,
    arch: process.arch,
    uid: process.getuid?.() ?? -1,
    debian: which("apt-get") !== undefined,
    tun: canOpen("/dev/net/tun"),
  });
  const missing = REQUIREMENTS.filter(({ command }) => which(command) === undefined);
  for (const { debianPackages, reason } of missing)
    progress.tell(null, "host", `missing here: ${debianPackages.join(", ")} (${reason})`);
  const packages = missing.flatMap(({ debianPackages }) => debianPackages);
  if (packages.length > 0) await installPackages(packages, progress);
  await prepareKernelLibrary(progress);
}

async function installPackages(packages: string[], progress: Progress): Promise<void> {
  const names = packages.join(" ");
  progress.tell(null, "host", `installing with apt-get: ${names}`);
  // Package lists that are there and good enough save most of the time; fresh ones are fetched only if that fails.
  if (await aptGet(["install", "-y", "--no-install-recommends", ...packages], progress)) return;
  progress.tell(null, "host", "fetching package lists (apt-get update)");
  await aptGet(["update"], progress);
  if (await aptGet(["install", "-y", "--no-install-recommends", ...packages], progress)) return;
  throw new LabError(`these packages could not be installed: ${names}`, `see why with: apt-get install ${names}`);
}

async function aptGet(args: string[], progress: Progress): Promise<boolean> {
  const child = execa("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=120", ...args], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "ignore",
    all: true,
    reject: false,
  });
  child.all?.on("data", (data: Buffer) => {
    for (const line of data.toString().split("\n")) {
      if (/^(Setting up|Need to get|Err:|E:)/.test(line)) progress.tell(null, "host", line.trim());
    }
  });
  return !(await child).failed;
}

function folderHas(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

function canOpen(device: string): boolean {
  try {
    fs.closeSync(fs.openSync(device, "r+"));
    return true;
  } catch {
    return false;
  }
}

/** Each begins with what it is for. */
const SOURCES = ["kernel-socket.c", "kernel-xstate.c"].map((name) => path.join(__dirname, name));

/** The library that is loaded into the guests' kernel. Its name follows from its sources. */
export function kernelLibrary(): string {
  const hash = createHash("sha256");
  for (const source of SOURCES) hash.update(fs.readFileSync(source));
  return path.join(cacheFolder("kernel"), `kernel-${hash.digest("hex").slice(0, 16)}.so`);
}

/** Compiles {@link kernelLibrary}, once. */
async function prepareKernelLibrary(progress: Progress): Promise<void> {
  const library = kernelLibrary();
  if (fs.existsSync(library)) return;
  progress.tell(null, "host", "compiling what is loaded into the guests' kernel (once)");
  fs.mkdirSync(path.dirname(library), { recursive: true });
  const fresh = `${library}.${process.pid}.tmp`;
  const { exitCode, stderr } = await execa("gcc", ["-O2", "-shared", "-fPIC", "-o", fresh, ...SOURCES], {
    reject: false,
  });
  if (exitCode !== 0) {
    throw new LabError(
      `gcc could not compile ${SOURCES.join(" and ")}: ${stderr.trim().split("\n")[0] ?? ""}`,
      "install a complete compiler: apt-get install --reinstall gcc libc6-dev",
    );
  }
  fs.renameSync(fresh, library);
}
