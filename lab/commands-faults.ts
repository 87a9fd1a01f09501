import type { Command } from "commander";
import { contextOf, labCommand, numberIn } from "./command-line";
import { delay, freeze, heal, loss, networkCut, powerCut, thaw } from "./faults";
import type { Progress } from "./events";
import type { LabState } from "./state";

/** Commands that make something go wrong, and right again. */
export function addFaultCommands(root: Command): void {
  simple(root, "power-cut", "take the power away at once; the disk stays", powerCut);
  simple(root, "network-cut", "pull the network cables", networkCut);
  simple(root, "freeze", "halt a machine as it is", freeze);
  simple(root, "thaw", "let a halted machine go on", thaw);
  simple(root, "heal", "undo network-cut, delay, loss and freeze", heal);
  labCommand(root, "delay", "delay what a machine sends, except its ssh")
    .argument("<name>")
    .argument("<ms>", "milliseconds", numberIn(0, 60_000))
    .argument("[jitter]", "milliseconds more or less", numberIn(0, 60_000), 0)
    .action(async (name: string, ms: number, jitter: number, options: { dir: string }) => {
      const { state, progress } = contextOf(options);
      await delay(state, name, ms, jitter, progress);
    });
  labCommand(root, "loss", "lose a share of what a machine sends, except its ssh")
    .argument("<name>")
    .argument("<percent>", "share of the packets", numberIn(0, 100))
    .action(async (name: string, percent: number, options: { dir: string }) => {
      const { state, progress } = contextOf(options);
      await loss(state, name, percent, progress);
    });
}

function simple(
  root: Command,
  name: string,
  description: string,
  action: (state: LabState, machine: string, progress: Progress) => Promise<void> | void,
): void {
  labCommand(root, `${name} <name>`, description).action(async (machine: string, options: { dir: string }) => {
    const { state, progress } = contextOf(options);
    await action(state, machine, progress);
  });
}
