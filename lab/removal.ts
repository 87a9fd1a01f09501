import { plain } from "./addresses";
import { type BeforeRemoval, type LabDocument, type MachineDocument, readLab } from "./documents";
import type { Progress } from "./events";
import { guestRuns, removeGuest } from "./guest";
import { runScript } from "./ssh";
import type { LabState } from "./state";

/** Machines that the lab has and its list has not. */
export function leavingMachines(state: LabState, lab: LabDocument): string[] {
  return state.guests().filter((guest) => !lab.machines.includes(guest));
}

/**
 * Runs what the list, and then the machines themselves, want done before machines are removed. A command that fails does not keep a machine,
 * and has no time limit: it is the one that knows how long a drain takes. Logging in has one.
 */
export async function beforeRemoval(
  state: LabState,
  lab: LabDocument,
  leaving: readonly string[],
  progress: Progress,
): Promise<void> {
  if (leaving.length === 0) return;
  const addresses = leaving.flatMap((name) => addressesOf(state.machine(name)));
  const others = lab.beforeRemoval.map(({ on, command }) => ({ on, command: `${command} ${addresses.join(" ")}` }));
  const own = leaving.map((name) => ({ on: name, command: state.machine(name).beforeRemoval }));
  for (const commands of [others, own]) {
    const possible = commands.filter(({ on, command }) => command !== "" && guestRuns(state, on));
    if (possible.length === 0) continue;
    for (const name of leaving) progress.tell(name, "services", "leaves the list: what it serves ends first");
    await Promise.all(possible.map((each) => run(state, each, progress)));
  }
}

/** Removes machines that left the list already and have an address of a new one: one that only gets another name, for example. */
export async function makeRoom(state: LabState, machine: MachineDocument, progress: Progress): Promise<void> {
  const { list } = state;
  if (list === undefined) return;
  const lab = readLab(list);
  const own = addressesOf(machine);
  const inTheWay = leavingMachines(state, lab).filter(
    (name) => name !== machine.name && addressesOf(state.machine(name)).some((address) => own.includes(address)),
  );
  await beforeRemoval(state, lab, inTheWay, progress);
  for (const name of inTheWay) {
    await removeGuest(state, name);
    progress.tell(name, "removed", `removed: not in the lab's list any more, and ${machine.name} has its address`);
  }
}

export function addressesOf(machine: MachineDocument): string[] {
  return machine.nics.flatMap((nic) => nic.addresses.map(plain));
}

async function run(state: LabState, { on, command }: BeforeRemoval, progress: Progress): Promise<void> {
  const { exitCode, stderr } = await runScript(state, on, command, 0);
  if (exitCode !== 0)
    progress.tell(
      on,
      "fault",
      `a command before the removal failed, it goes on (${stderr.trim() || `exit code ${exitCode}`})`,
    );
}
