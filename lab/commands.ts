import { Command } from "commander";
import { capture, parseCapturePoint } from "./capture";
import { contextOf, labCommand, numberIn } from "./command-line";
import { readLab } from "./documents";
import { prepare, startLab, stopLab, syncLab } from "./engine";
import { LabError } from "./errors";
import { Progress } from "./events";
import { delay, freeze, heal, loss, networkCut, powerCut, thaw } from "./faults";
import { readIfThere } from "./files";
import { widenPath } from "./host";
import { guestConsole, removeGuest, requireOn } from "./guest";
import { BOOT_TIMEOUT_S, createMachine, powerOn, reboot } from "./machine";
import { addImageCommands, addProgramCommands } from "./offline/commands";
import { requireArtefacts } from "./offline/programs";
import { neededArtefacts, prepareServices } from "./offline/services";
import { takenForwards } from "./network";
import { plainLine } from "./readiness";
import { runInteractive } from "./ssh";
import { LabState } from "./state";
import { listLabs, listText, statusOf, statusText } from "./status";

/** The whole command line. */
export function program(): Command {
  const root = new Command("vipstack-lab")
    .description("a laboratory of virtual machines in one private network namespace")
    .exitOverride()
    .showHelpAfterError("(vipstack-lab --help lists the commands)");
  root
    .command("prepare [lab.json]")
    .description(
      "install host packages, build the base image, and fetch or build the software of LAB.json and its registry's images, unless they are there",
    )
    .option("--dir <dir>", "lab whose events.ndjson gets the progress")
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
    "start the network, the package proxy and the services of LAB.json; does nothing if they run",
  ).action(async (file: string, options: { dir: string }) => {
    const { state, progress } = contextOf(options);
    await startLab(state, file, progress);
  });
  labCommand(
    root,
    "sync <lab.json>",
    "remove machines that LAB.json does not list, and make the forwards equal to its list",
  ).action(async (file: string, options: { dir: string }) => {
    const { state, progress } = contextOf(options);
    await syncLab(state, file, progress);
  });
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
  labCommand(root, "stop", "remove the lab and everything in it").action(async (options: { dir: string }) => {
    const { state, progress } = contextOf(options);
    const left = await stopLab(state, progress);
    if (left.length > 0) process.stderr.write(`kept in ${state.dir}, not the lab's own: ${left.join(", ")}\n`);
  });
  bootCommand(root, "power-on <name>", "switch a machine on with its disk", powerOn);
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
    .option("--timeout <seconds>", "time limit of the boot", numberIn(5, 7200), BOOT_TIMEOUT_S)
    .action(async (argument: string, options: { dir: string; timeout: number }) => {
      const { state, progress } = contextOf(options);
      await action(state, argument, progress, options.timeout);
    });
}

/** Commands that look at machines. */
function addViewCommands(root: Command): void {
  labCommand(root, "status", "machines, addresses, faults and forwards")
    .option("--json", "for programs")
    .action((options: { dir: string; json?: boolean }) => {
      const status = statusOf(contextOf(options).state);
      process.stdout.write(`${options.json ? JSON.stringify(status, null, 2) : statusText(status)}\n`);
    });
  root
    .command("list")
    .description("the labs that run on this host, those too whose folder was deleted")
    .option("--json", "for programs")
    .action((options: { json?: boolean }) => {
      widenPath();
      const labs = listLabs();
      process.stdout.write(`${options.json ? JSON.stringify(labs, null, 2) : listText(labs)}\n`);
    });
  labCommand(root, "ports <lab.json>", "ports of this host that LAB.json forwards and that are not free")
    .option("--json", "for programs")
    .action(async (file: string, options: { dir: string; json?: boolean }) => {
      const taken = await takenForwards(contextOf(options).state, readLab(file).forwards);
      const lines = taken.map(({ listen, why }) => `127.0.0.1:${listen}: ${why}`);
      process.stdout.write(`${options.json ? JSON.stringify(taken, null, 2) : lines.join("\n") || "all are free"}\n`);
    });
  remoteCommand(
    root,
    "ssh",
    "[command...]",
    "a shell in a machine, or a command line for its shell",
    (words) => words,
    false,
  );
  remoteCommand(
    root,
    "exec",
    "<command...>",
    "run a command in a machine; each word is passed unchanged",
    (words) => words,
    true,
  );
  remoteCommand(root, "conntrack", "", "tracked connections of a machine", () => ["conntrack", "-L"], false);
  remoteCommand(
    root,
    "ipvs",
    "",
    "IPVS rules and connections of a machine",
    () => ["ipvsadm -ln && ipvsadm -lnc"],
    false,
  );
  addLogs(root);
  addCapture(root);
}

function remoteCommand(
  root: Command,
  name: string,
  words: string,
  description: string,
  command: (words: string[]) => string[],
  quote: boolean,
): void {
  const view = labCommand(root, name, description).argument("<name>");
  if (words !== "") view.argument(words);
  view.action(async (machine: string, ...rest: [...unknown[], Command]) => {
    const { state } = contextOf(view.opts<{ dir: string }>());
    requireOn(state, machine);
    process.exitCode = await runInteractive(state, machine, command(words === "" ? [] : (rest[0] as string[])), quote);
  });
}

function addLogs(root: Command): void {
  labCommand(root, "logs <name>", "log of a machine, by default cloud-init's output")
    .option("--console", "output on its console; works for a dead machine, too")
    .option("--cloud-init", "output of cloud-init and its commands")
    .option("--journal", "the system journal")
    .option("--lines <n>", "number of lines, the last ones", numberIn(1, 1e6), 50)
    .action(async (name: string, options: { dir: string; console?: boolean; journal?: boolean; lines: number }) => {
      const { state } = contextOf(options);
      state.machine(name);
      if (options.console) {
        const lines = (readIfThere(guestConsole(state, name)) ?? "").split("\n").map(plainLine);
        process.stdout.write(
          `${lines
            .filter((line) => line.trim() !== "")
            .slice(-options.lines)
            .join("\n")}\n`,
        );
        return;
      }
      const command = options.journal
        ? ["journalctl", "--no-pager", "-q", "-n", String(options.lines)]
        : ["tail", "-n", String(options.lines), "/var/log/cloud-init-output.log"];
      process.exitCode = await runInteractive(state, name, command, true);
      if (process.exitCode === 255) {
        throw new LabError(
          `machine "${name}" does not answer`,
          `see its console: vipstack-lab logs ${name} --console --dir ${state.dir}`,
        );
      }
    });
}

function addCapture(root: Command): void {
  labCommand(
    root,
    "capture <name...>",
    "record packets on several machines at once; NAME:EXPR gives one its own filter",
  )
    .option("--filter <expr>", "filter for machines without a filter of their own", "")
    .option("--seconds <n>", "duration", numberIn(1, 86_400), 10)
    .option("--interface <name>", "interface in the machines", "any")
    .option("--output <folder>", "folder for NAME.pcap and NAME.txt", "captures")
    .action(
      async (
        names: string[],
        options: { dir: string; filter: string; seconds: number; interface: string; output: string },
      ) => {
        const { state } = contextOf(options);
        const points = names.map((name) => parseCapturePoint(name, options.filter));
        const files = await capture(state, points, options, () => {
          process.stdout.write(
            `capturing on ${points.map((point) => point.name).join(", ")} for ${options.seconds} s\n`,
          );
        });
        process.stdout.write(`${files.join("\n")}\n`);
      },
    );
}

/** Commands that make something go wrong, and right again. */
function addFaultCommands(root: Command): void {
  simple(root, "power-cut", "switch a machine off without warning; its disk is kept", powerCut);
  simple(root, "network-cut", "disconnect all network interfaces of a machine", networkCut);
  simple(root, "freeze", "stop a machine between two instructions", freeze);
  simple(root, "thaw", "continue a frozen machine", thaw);
  simple(root, "heal", "undo network-cut, delay, loss and freeze", heal);
  labCommand(root, "delay", "delay packets that a machine sends, except ssh")
    .argument("<name>")
    .argument("<ms>", "milliseconds", numberIn(0, 60_000))
    .argument("[jitter]", "milliseconds by which the delay varies", numberIn(0, 60_000), 0)
    .action(async (name: string, ms: number, jitter: number, options: { dir: string }) => {
      const { state, progress } = contextOf(options);
      await delay(state, name, ms, jitter, progress);
    });
  labCommand(root, "loss", "lose a share of the packets that a machine sends, except ssh")
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
