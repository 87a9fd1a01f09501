import * as fs from "fs";
import * as path from "path";
import { plain } from "./addresses";
import { type LabDocument, type MachineDocument, readLab, readMachine } from "./documents";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { requireFreeForwards, runningForwards, syncForwards } from "./forwards";
import { bootGuest, cutPower, guestConsole, guestRuns, makeGuest, removeGuest } from "./guest";
import { prepareHost, widenPath } from "./host";
import { prepareImage } from "./image";
import { withLock } from "./lock";
import { ensureNamespace, namespaceExists, removeNamespace, removeStaleBridges } from "./namespace";
import { ensurePackageProxy, packageProxyRuns } from "./package-proxy";
import { endRecorded, recordedNames } from "./processes";
import { waitUntilReady } from "./readiness";
import { runScript } from "./remote";
import { closeConnection, ensureKey, writeSshConfig } from "./ssh-config";
import type { LabState } from "./state";

/** How long a boot may take before it counts as failed. */
export const BOOT_TIMEOUT_S = 600;

/** Host packages and base image; needs no lab. Returns the image's path. */
export async function prepare(progress: Progress): Promise<string> {
  await prepareHost(progress);
  return prepareImage(progress);
}

/** Starts a lab, or says that it runs. What a crashed run left is removed first. */
export async function startLab(state: LabState, file: string, progress: Progress): Promise<void> {
  const lab = readLab(file);
  await prepare(progress);
  await requireFreeForwards(state, lab.forwards); // before anything is made
  state.create();
  await withLock(state.run("lab.lock"), async () => {
    const before = state.lab();
    const running = namespaceExists(state) && packageProxyRuns(state);
    if (running && before && sameForwards(state, lab) && JSON.stringify(before) === JSON.stringify(lab)) {
      progress.tell(null, "network", `lab "${lab.name}" is already running`);
      return;
    }
    if (!running) await cleanUp(state, progress);
    await ensureKey(state);
    await ensureNamespace(state, lab);
    await ensurePackageProxy(state);
    await syncForwards(state, lab.forwards);
    state.saveLab(lab);
    await writeSshConfig(state);
    progress.tell(null, "network", `network ${lab.subnets.join(", ")} is up, package proxy runs`);
  });
}

/** Makes a running lab equal to the list: guests that are not in it go, forwards become exactly the listed ones. */
export async function syncLab(state: LabState, file: string, progress: Progress): Promise<void> {
  const lab = readLab(file);
  state.requireLab();
  widenPath();
  await withLock(state.run("lab.lock"), async () => {
    for (const name of state.guests().filter((guest) => !lab.machines.includes(guest))) {
      await removeGuest(state, name);
      progress.tell(name, "removed", "removed: not in the lab's list any more");
    }
    if (!namespaceExists(state)) return;
    await ensureNamespace(state, lab);
    const { add, remove } = await syncForwards(state, lab.forwards);
    for (const forward of remove)
      progress.tell(null, "network", `127.0.0.1:${forward.listen} is not forwarded to ${forward.to} any more`);
    for (const forward of add) progress.tell(null, "network", `127.0.0.1:${forward.listen} leads to ${forward.to}`);
    await removeStaleBridges(state, lab);
    state.saveLab(lab);
  });
}

/** Creates a machine from its folder and waits until it is ready. One of the same name is replaced. */
export async function createMachine(
  state: LabState,
  folder: string,
  progress: Progress,
  timeoutS: number,
): Promise<void> {
  const machine = readMachine(path.join(folder, "machine.json"));
  const userData = readUserData(folder);
  const image = await prepare(progress);
  requireRunning(state);
  const { name } = machine;
  await interruptible(
    () => removeGuest(state, name),
    async () => {
      await removeGuest(state, name);
      requireOwnAddresses(state, machine);
      progress.tell(name, "kernel", `starting (${machine.memoryMiB} MiB, ${machine.nics[0]?.addresses[0] ?? ""})`, 0);
      let consoleOffset: number;
      try {
        await makeGuest(state, machine, userData, image);
        consoleOffset = await bootGuest(state, name);
      } catch (error) {
        await removeGuest(state, name); // a machine whose boot failed can be looked at; one that never started is only in the way
        throw error;
      }
      await finishBoot(state, name, consoleOffset, progress, timeoutS);
    },
  );
}

/** Switches a machine on again, with the disk it had. */
export async function powerOn(state: LabState, name: string, progress: Progress, timeoutS: number): Promise<void> {
  state.guest(name);
  requireRunning(state);
  if (guestRuns(state, name)) {
    progress.tell(name, "ready", "is on already");
    return;
  }
  await cutPower(state, name); // forgets what the dead one left
  state.saveGuest(name, { ...state.guest(name), phase: "booting", faults: {} });
  progress.tell(name, "kernel", "power is back", 0);
  await finishBoot(state, name, await bootGuest(state, name), progress, timeoutS);
}

/** Reboots a machine from the inside, as an administrator would. */
export async function reboot(state: LabState, name: string, progress: Progress, timeoutS: number): Promise<void> {
  const consoleOffset = fs.statSync(guestConsole(state, name)).size;
  state.saveGuest(name, { ...state.guest(name), phase: "booting", faults: {} });
  progress.tell(name, "kernel", "rebooting", 0);
  // The connection breaks while the machine goes down, so the answer says nothing.
  await runScript(state, name, "systemctl reboot", 20_000);
  await closeConnection(state, name);
  await finishBoot(state, name, consoleOffset, progress, timeoutS);
}

/** Ends everything a lab has, in whatever state it is. Files that the lab did not make stay, and are returned. */
export async function stopLab(state: LabState, progress: Progress): Promise<string[]> {
  widenPath();
  const existed = fs.existsSync(state.runDir) || fs.existsSync(state.file("lab.json")) || namespaceExists(state);
  await cleanUp(state, progress);
  const left = state.remove();
  progress.tell(null, "stopped", existed ? "the lab is gone" : `there is no lab in ${state.dir}`);
  return left;
}

/** Removes guests, processes and the namespace; keys and the list stay for a start that may follow. */
async function cleanUp(state: LabState, progress: Progress): Promise<void> {
  const guests = fs.existsSync(state.file("guests")) ? fs.readdirSync(state.file("guests")) : [];
  // Processes first and all at once: a machine takes part of a second to die.
  await Promise.all(recordedNames(state).map((name) => endRecorded(state, name)));
  await removeNamespace(state);
  for (const name of guests) {
    fs.rmSync(state.guestDir(name), { recursive: true, force: true });
    progress.tell(name, "removed", "removed");
  }
  for (const part of ["ssh", "uml"]) {
    if (!fs.existsSync(state.run(part))) continue;
    for (const entry of fs.readdirSync(state.run(part)))
      fs.rmSync(state.run(part, entry), { recursive: true, force: true });
  }
}

async function finishBoot(
  state: LabState,
  name: string,
  consoleOffset: number,
  progress: Progress,
  timeoutS: number,
): Promise<void> {
  try {
    await waitUntilReady(state, name, { progress, consoleOffset, timeoutMs: timeoutS * 1000 });
  } catch (error) {
    // It stays, so that it can be looked at; the next create of that name, delete or stop removes it.
    if (state.guests().includes(name)) state.saveGuest(name, { ...state.guest(name), phase: "failed" });
    if (error instanceof LabError) progress.tell(name, "failed", error.message.split("\n")[0] ?? "");
    throw error;
  }
  state.saveGuest(name, { ...state.guest(name), phase: "ready" });
}

/** Runs `work`; on Ctrl-C or a termination request undoes it and ends the program. */
async function interruptible(undo: () => Promise<unknown>, work: () => Promise<void>): Promise<void> {
  let interrupt: (signal: NodeJS.Signals) => void = () => undefined;
  const interrupted = new Promise<NodeJS.Signals>((resolve) => (interrupt = resolve));
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const working = work();
    const signal = await Promise.race([working.then(() => undefined), interrupted]);
    if (signal === undefined) return;
    working.catch(() => undefined); // it fails now, because its machine is taken away
    process.stderr.write("interrupted: removing the half-made machine\n");
    await undo();
    process.exit(signal === "SIGINT" ? 130 : 143);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function requireRunning(state: LabState): void {
  state.requireLab();
  if (!namespaceExists(state) || !packageProxyRuns(state)) {
    throw new LabError(
      `the lab in ${state.dir} does not run (the host was restarted, or its processes were ended)`,
      `start it again: vipstack-lab start LAB.json --dir ${state.dir}`,
    );
  }
}

function requireOwnAddresses(state: LabState, machine: MachineDocument): void {
  const own = machine.nics.flatMap((nic) => nic.addresses.map(plain));
  for (const other of state.guests()) {
    const taken = state.machine(other).nics.flatMap((nic) => nic.addresses.map(plain));
    const shared = own.find((address) => taken.includes(address));
    if (shared !== undefined) {
      throw new LabError(
        `machine "${machine.name}": its address ${shared} belongs to machine "${other}"`,
        "give each machine addresses of its own",
      );
    }
  }
}

function sameForwards(state: LabState, lab: LabDocument): boolean {
  const key = (forwards: { listen: number; to: string }[]): string =>
    forwards
      .map((f) => `${f.listen}=${f.to}`)
      .sort()
      .join();
  return key(runningForwards(state)) === key(lab.forwards);
}

function readUserData(folder: string): string {
  const file = path.join(folder, "user-data");
  if (!fs.existsSync(file)) throw new LabError(`there is no ${file}`, "put the machine's cloud-init user-data there");
  return fs.readFileSync(file, "utf8");
}
