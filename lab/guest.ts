import * as fs from "fs";
import * as path from "path";
import { macAddress, tapName } from "./addresses";
import type { MachineDocument } from "./documents";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { readIfThere, withLock, writeAtomically } from "./files";
import { kernelLibrary } from "./host";
import { hostsLinesOf, hostsScript, knownHosts, saveHosts } from "./hosts";
import { namespaced, plugIn, unplug } from "./network";
import { endRecorded, isAlive, readRecord, recordedNames, secondsUp, startRecorded } from "./processes";
import { seedOf, writeSeed } from "./seed";
import { closeConnection, ensureKey, makeHostKey, runScript, writeSshConfig } from "./ssh";
import type { LabState } from "./state";

/** Where guests' memory lives: a file in a memory file system, mapped by the guest's kernel. */
const MEMORY_FOLDER = "/dev/shm";

/** Makes a machine's folder: description, seed disk, keys, its place in ssh_config. Nothing runs yet. */
export async function makeGuest(
  state: LabState,
  machine: MachineDocument,
  userData: string,
  image: string,
): Promise<void> {
  const dir = state.guestDir(machine.name);
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  fs.writeFileSync(path.join(dir, "machine.json"), JSON.stringify(machine, null, 2) + "\n");
  fs.writeFileSync(path.join(dir, "console.log"), "", { mode: 0o600 });
  const hosts = hostsLinesOf(state, machine);
  const own = { authorizedKey: await ensureKey(state), hostKey: await makeHostKey(dir, machine.name), hosts };
  await writeSeed(seedOf(state.id, machine, userData, own), dir);
  saveHosts(state, machine.name, hosts);
  state.saveGuest(machine.name, { image, phase: "booting", faults: {} });
  await writeSshConfig(state);
}

/** Starts a machine's kernel. Its disk may be new or have been used before. Returns where in the console log this boot begins. */
export async function bootGuest(state: LabState, name: string): Promise<number> {
  const machine = state.machine(name);
  const dir = state.guestDir(name);
  requireMemory(machine);
  // Two machines that meet a subnet for the first time would each make a bridge for it.
  await withLock(state.run("network.lock"), () => plugIn(state, state.requireLab(), machine));
  const umlDir = state.run("uml", name);
  fs.rmSync(umlDir, { recursive: true, force: true }); // the kernel refuses to start while its old socket is there
  fs.mkdirSync(umlDir, { recursive: true });
  // The kernel takes its arguments apart at blanks and commas, which users may have in names of folders.
  fs.symlinkSync(dir, path.join(umlDir, "machine"));
  fs.symlinkSync(requireImage(state, name), path.join(umlDir, "base"));
  fs.symlinkSync(kernelLibrary(), path.join(umlDir, "kernel.so")); // LD_PRELOAD ends at a blank, too
  const offset = fs.statSync(guestConsole(state, name)).size;
  startRecorded(state, recordName(name), namespaced(state, kernelCommand(state, machine, umlDir)), {
    log: guestConsole(state, name),
    // No HOME and the like: nothing of the caller's surroundings decides how a guest runs.
    env: {
      PATH: process.env.PATH,
      TMPDIR: MEMORY_FOLDER,
      TERM: "dumb",
      LD_PRELOAD: path.join(umlDir, "kernel.so"),
    },
    cwd: dir,
  });
  return offset;
}

/** Whether a machine's kernel runs. */
export function guestRuns(state: LabState, name: string): boolean {
  return isAlive(readRecord(state, recordName(name)));
}

/** An error that says how to switch a machine on, unless it is. */
export function requireOn(state: LabState, name: string): void {
  state.machine(name);
  if (!guestRuns(state, name)) {
    throw new LabError(`machine "${name}" is off`, `switch it on: vipstack-lab power-on ${name} --dir ${state.dir}`);
  }
}

/** Process id of a machine's kernel, while it runs. */
export function guestPid(state: LabState, name: string): number | undefined {
  const record = readRecord(state, recordName(name));
  return isAlive(record) ? record?.pid : undefined;
}

/** Seconds since a machine was switched on; undefined where it is off. */
export function guestSeconds(state: LabState, name: string): number | undefined {
  return secondsUp(readRecord(state, recordName(name)));
}

/** Machines that run, also where the lab's folder was deleted. */
export function runningGuests(state: LabState): string[] {
  return recordedNames(state)
    .flatMap((name) => /^guest-(.+)$/.exec(name)?.[1] ?? [])
    .filter((name) => guestRuns(state, name));
}

/** The file that everything on a machine's console is appended to. */
export function guestConsole(state: LabState, name: string): string {
  return path.join(state.guestDir(name), "console.log");
}

/** Takes the power away: the machine gets no chance to write anything. Its disk stays. */
export async function cutPower(state: LabState, name: string): Promise<void> {
  await endRecorded(state, recordName(name));
  await closeConnection(state, name);
  fs.rmSync(state.run("uml", name), { recursive: true, force: true });
}

/** Ends a machine and removes everything it had. Works on half-made ones and on none. */
export async function removeGuest(state: LabState, name: string): Promise<boolean> {
  const dir = state.guestDir(name);
  const existed = fs.existsSync(dir);
  await cutPower(state, name);
  const text = readIfThere(path.join(dir, "machine.json"));
  if (text !== undefined) await unplug(state, JSON.parse(text) as MachineDocument);
  fs.rmSync(dir, { recursive: true, force: true });
  if (existed && fs.existsSync(state.runDir)) await writeSshConfig(state);
  return existed;
}

/**
 * The program that becomes the kernel. When a guest reboots, its kernel runs the program it was started as once more, in the same
 * process, with all files still open: the memory of the boot before would stay, and its network device would be busy.
 */
const KERNEL_STARTER = `#!/bin/bash
for fd in /proc/$$/fd/*; do
  fd=\${fd##*/}
  if [ "$fd" -gt 2 ] && [ "$fd" -ne 255 ]; then eval "exec $fd>&-"; fi
done
exec -a "$0" linux.uml "$@"
`;

function kernelStarter(state: LabState): string {
  const file = state.run("boot-kernel");
  if (!fs.existsSync(file)) writeAtomically(file, KERNEL_STARTER, 0o755);
  return file;
}

function kernelCommand(state: LabState, machine: MachineDocument, umlDir: string): string[] {
  // A guest writes its frames to the tap device, but reads those for it from a packet socket on that device. A tap device sends SIGIO
  // before it wakes epoll (`tun_net_xmit`): a guest that asks epoll at once gets nothing, and there is no second signal, so the frame
  // waits for the next one. Of 500 answers, one after the other, one took 215 ms, until TCP sent it again. A packet socket wakes epoll
  // first. https://github.com/torvalds/linux/blob/v6.1/drivers/net/tun.c
  const nics = machine.nics.map(
    (_, index) =>
      `vec${index}:transport=hybrid,ifname=${tapName(machine.name, index)},depth=128,gro=1,mac=${macAddress(state.id, machine.name, index)}`,
  );
  return [
    kernelStarter(state),
    `mem=${machine.memoryMiB}M`,
    "root=/dev/ubda",
    "rw",
    `ubd0=${umlDir}/machine/cow,${umlDir}/base`,
    `ubd1r=${umlDir}/machine/seed.iso`,
    "con=null",
    "con0=null,fd:1",
    "pty.legacy_count=0", // 512 devices that no program has used for decades
    `umid=${machine.name}`,
    `uml_dir=${umlDir}/`,
    ...nics,
  ];
}

function requireImage(state: LabState, name: string): string {
  const { image } = state.guest(name);
  if (fs.existsSync(image)) return image;
  throw new LabError(
    `the base image of machine "${name}" is gone (${image})`,
    "the machine's disk is of no use without it; create the machine again",
  );
}

function requireMemory(machine: MachineDocument): void {
  const { bavail, bsize } = fs.statfsSync(MEMORY_FOLDER);
  const free = Math.floor((bavail * bsize) / 2 ** 20);
  if (free < machine.memoryMiB) {
    throw new LabError(
      `machine "${machine.name}" wants ${machine.memoryMiB} MiB, ${MEMORY_FOLDER} has ${free} MiB left`,
      `enlarge it (mount -o remount,size=75% ${MEMORY_FOLDER}), or give machines less memory`,
    );
  }
}

function recordName(name: string): string {
  return `guest-${name}`;
}

/** Halts a machine's kernel, or lets it go on; its programs do nothing without it. */
export function signalGuest(state: LabState, name: string, signal: "SIGSTOP" | "SIGCONT"): void {
  requireOn(state, name);
  const pid = guestPid(state, name);
  if (pid !== undefined) process.kill(pid, signal);
}

/** Brings a machine that is ready the names as they are now. One that can't be reached has old ones until its next boot. */
export async function bringHosts(state: LabState, name: string, progress: Progress): Promise<void> {
  const lines = hostsLinesOf(state, state.machine(name));
  if (knownHosts(state, name) === lines) return;
  if (state.guest(name).phase !== "ready" || !guestRuns(state, name)) return;
  const { exitCode } = await runScript(state, name, hostsScript(lines), 20_000);
  if (exitCode === 0) saveHosts(state, name, lines);
  else progress.tell(name, "network", "does not answer: it has older names of its neighbours until its next boot");
}
