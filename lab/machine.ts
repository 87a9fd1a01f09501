import * as fs from "fs";
import * as path from "path";
import { type MachineDocument, readMachine } from "./documents";
import { prepare, requireRunning } from "./engine";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { bootGuest, bringHosts, cutPower, guestConsole, guestRuns, makeGuest, removeGuest } from "./guest";
import { waitUntilReady } from "./readiness";
import { addressesOf, makeRoom } from "./removal";
import { closeConnection, runScript } from "./ssh";
import type { LabState } from "./state";

/** How long a boot may take before it counts as failed. */
export const BOOT_TIMEOUT_S = 600;

/** Creates a machine from its folder and waits until it is ready. One of the same name is replaced. */
export async function createMachine(
  state: LabState,
  folder: string,
  progress: Progress,
  timeoutS: number,
): Promise<void> {
  const machine = readMachine(path.join(folder, "machine.json"));
  const userData = readUserData(folder);
  const image = await prepare(progress, machine.preinstalled, state.lab()?.images);
  requireRunning(state);
  const { name } = machine;
  await interruptible(
    () => removeGuest(state, name),
    async () => {
      await removeGuest(state, name);
      await makeRoom(state, machine, progress);
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
      await finishBoot(state, name, consoleOffset, progress, timeoutS, userData);
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

async function finishBoot(
  state: LabState,
  name: string,
  consoleOffset: number,
  progress: Progress,
  timeoutS: number,
  userData?: string,
): Promise<void> {
  try {
    await waitUntilReady(state, name, { progress, consoleOffset, timeoutMs: timeoutS * 1000, userData });
  } catch (error) {
    // It stays, so that it can be looked at; the next create of that name, delete or stop removes it.
    if (state.guests().includes(name)) state.saveGuest(name, { ...state.guest(name), phase: "failed" });
    if (error instanceof LabError) progress.tell(name, "failed", `${error.message}\n${error.cure}`);
    throw error;
  }
  state.saveGuest(name, { ...state.guest(name), phase: "ready" });
  // The list may have changed while it booted; from now on `sync` reaches it.
  await bringHosts(state, name, progress);
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

function requireOwnAddresses(state: LabState, machine: MachineDocument): void {
  const own = addressesOf(machine);
  for (const other of state.guests()) {
    const taken = addressesOf(state.machine(other));
    const shared = own.find((address) => taken.includes(address));
    if (shared !== undefined) {
      throw new LabError(
        `machine "${machine.name}": its address ${shared} belongs to machine "${other}"`,
        "give each machine addresses of its own",
      );
    }
  }
}

function readUserData(folder: string): string {
  const file = path.join(folder, "user-data");
  if (!fs.existsSync(file)) throw new LabError(`there is no ${file}`, "put the machine's cloud-init user-data there");
  return fs.readFileSync(file, "utf8");
}
