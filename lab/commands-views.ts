import type { Command } from "commander";
import { capture, parseCapturePoint } from "./capture";
import { contextOf, labCommand, numberIn } from "./command-line";
import { LabError } from "./errors";
import { guestConsole, requireOn } from "./guest";
import { plainLine } from "./console";
import { runInteractive } from "./remote";
import { readIfThere } from "./state";
import { statusOf, statusText } from "./status";

/** Commands that look at machines. */
export function addViewCommands(root: Command): void {
  labCommand(root, "status", "machines, addresses, faults and forwards")
    .option("--json", "for programs")
    .action((options: { dir: string; json?: boolean }) => {
      const status = statusOf(contextOf(options).state);
      process.stdout.write(`${options.json ? JSON.stringify(status, null, 2) : statusText(status)}\n`);
    });
  remoteCommand(
    root,
    "ssh",
    "[command...]",
    "a shell in a machine, or a command line for its shell",
    (words) => words,
    false,
  );
  remoteCommand(root, "exec", "<command...>", "run a command in a machine, each word as it is", (words) => words, true);
  remoteCommand(root, "conntrack", "", "connections that a machine tracks", () => ["conntrack", "-L"], false);
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
  labCommand(root, "logs <name>", "what a machine logged: cloud-init's output unless told otherwise")
    .option("--console", "everything that came on its console; works for a dead machine as well")
    .option("--cloud-init", "output of cloud-init and its commands")
    .option("--journal", "the system journal")
    .option("--lines <n>", "how many of the last lines", numberIn(1, 1e6), 50)
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
    .option("--filter <expr>", "filter for all machines without their own", "")
    .option("--seconds <n>", "how long", numberIn(1, 86_400), 10)
    .option("--interface <name>", "interface in the machines", "any")
    .option("--output <folder>", "where NAME.pcap and NAME.txt go", "captures")
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
