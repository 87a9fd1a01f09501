import { Command } from "commander";
import { requireArtefacts } from "./artefacts";
import { contextOf, labCommand, numberIn } from "./command-line";
import { readLab } from "./documents";
import { prepare, startLab, stopLab, syncLab } from "./engine";
import { BOOT_TIMEOUT_S, createMachine, powerOn, reboot } from "./machine";
import { Progress } from "./events";
import { addFaultCommands } from "./commands-faults";
import { addImageCommands } from "./commands-images";
import { addProgramCommands } from "./commands-programs";
import { addViewCommands } from "./commands-views";
import { removeGuest } from "./guest";
import { neededArtefacts, prepareServices } from "./services";
import { LabState } from "./state";

/** The whole command line. */
export function program(): Command {
  const root = new Command("vipstack-lab")
    .description("a laboratory of virtual machines in one private network namespace")
    .exitOverride()
    .showHelpAfterError("(vipstack-lab --help shows what there is)");
  root
    .command("prepare [lab.json]")
    .description(
      "install host packages and build the base image, and what the list's software and registry need; all if missing",
    )
    .option("--dir <dir>", "lab whose events.ndjson is told about it")
    .action(async (file: string | undefined, options: { dir?: string }) => {
      const progress = new Progress(options.dir === undefined ? undefined : new LabState(options.dir));
      const lab = file === undefined ? undefined : readLab(file);
      if (lab) await requireArtefacts(neededArtefacts(lab)); // before minutes are spent on the image
      await prepare(progress);
      if (lab === undefined) return;
      await prepareServices(lab, progress);
      if (lab.preinstalled.length > 0) await prepare(progress, lab.preinstalled, lab.images);
    });
  labCommand(
    root,
    "start <lab.json>",
    "start the network, the package proxy and what the list asks for; does nothing if they run",
  ).action(async (file: string, options: { dir: string }) => {
    const { state, progress } = contextOf(options);
    await startLab(state, file, progress);
  });
  labCommand(root, "sync <lab.json>", "remove machines that are not listed, make forwards equal to the list").action(
    async (file: string, options: { dir: string }) => {
      const { state, progress } = contextOf(options);
      await syncLab(state, file, progress);
    },
  );
  bootCommand(
    root,
    "create <machine-dir>",
    "make a machine of machine.json and user-data, and wait until it is ready",
    createMachine,
  );
  labCommand(root, "delete <name>", "remove a machine").action(async (name: string, options: { dir: string }) => {
    const { state, progress } = contextOf(options);
    progress.tell(name, "removed", (await removeGuest(state, name)) ? "removed" : "there is no such machine");
  });
  labCommand(root, "stop", "remove the lab with everything in it").action(async (options: { dir: string }) => {
    const { state, progress } = contextOf(options);
    const left = await stopLab(state, progress);
    if (left.length > 0) process.stderr.write(`kept in ${state.dir}, not the lab's own: ${left.join(", ")}\n`);
  });
  bootCommand(root, "power-on <name>", "switch a machine on with the disk it had", powerOn);
  bootCommand(root, "reboot <name>", "reboot a machine cleanly and wait until it is ready", reboot);
  addFaultCommands(root);
  addViewCommands(root);
  addImageCommands(root);
  addProgramCommands(root);
  return root;
}

function bootCommand(
  root: Command,
  usage: string,
  description: string,
  action: (state: LabState, argument: string, progress: Progress, timeoutS: number) => Promise<void>,
): void {
  labCommand(root, usage, description)
    .option("--timeout <seconds>", "how long the boot may take", numberIn(5, 7200), BOOT_TIMEOUT_S)
    .action(async (argument: string, options: { dir: string; timeout: number }) => {
      const { state, progress } = contextOf(options);
      await action(state, argument, progress, options.timeout);
    });
}
