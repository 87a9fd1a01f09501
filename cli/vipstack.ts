#!/usr/bin/env node
import { Command } from "commander";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { doctor } from "./doctor/doctor";
import { down } from "./down";
import { CliError } from "./errors";
import { hostFault } from "./host-fault";
import { lab } from "./lab";
import { exec, logs, ssh } from "./on-machine";
import { PACKAGE_FOLDER } from "./package";
import { plan } from "./plan/plan";
import { list, status } from "./status";
import { assumeTerminalSize } from "./terminal";
import { up } from "./up";
import { view } from "./view/view";

assumeTerminalSize();

const program = new Command("vipstack").description(
  "Directors, machines and jobs of a typed program: up, down, and the lab they run in",
);
const { version } = JSON.parse(readFileSync(join(PACKAGE_FOLDER, "package.json"), "utf8")) as { version: string };
program.version(version, "--version");

program.enablePositionalOptions().commandsGroup("The program of this folder:");

program
  .command("up")
  .argument("[example]", "a folder of examples/; default: the program of cdktf.json")
  .option("-y, --yes", "make machines anew and remove them without a question")
  .option("--remove-left", "remove objects in Consul and Nomad of stacks that have left the program")
  .description("checks the host, deploys with cdktf, and waits until every service answers")
  .action(up);

program
  .command("plan")
  .argument("[example]", "a folder of examples/; default: the program of cdktf.json")
  .option("--all", "show differences whole")
  .option("--json", "for programs")
  .description("shows what up would change: machines, rules line by line, objects and jobs; changes nothing")
  .action(plan);

program
  .command("down")
  .argument("[example]", "a folder of examples/; default: the program of cdktf.json")
  .description("removes everything that up has made")
  .action(down);

program.commandsGroup("What is up:");

program
  .command("status")
  .option("-d, --deployment <name>", "its name or state folder, where several are up")
  .option("--json", "for programs")
  .option("--watch", "again every two seconds")
  .description("machines, directors' tables, health, jobs and routes: vipstack status --watch")
  .action(status);

program
  .command("ls")
  .option("--json", "for programs")
  .description("the deployments that are up, and their machines: vipstack ls")
  .action(list);

program
  .command("doctor")
  .option("-d, --deployment <name>", "its name or state folder, where several are up")
  .option("--from <machine>", "the machine that sends the requests; default: the program's client")
  .option("--json", "for programs")
  .description("why a virtual service does not answer, with evidence and cure: vipstack doctor")
  .action(doctor);

program
  .command("view")
  .option("-d, --deployment <name>", "its name or state folder, where several are up")
  .option("-p, --port <number>", "port of 127.0.0.1; 0: a free one", "8088")
  .description("the topology as a page that shows what happens, until Ctrl-C: vipstack view")
  .action(view);

program
  .command("ssh")
  .argument("<machine>")
  .option("-d, --deployment <name>", "its name or state folder, where several are up")
  .description("a shell on a machine: vipstack ssh director")
  .action(ssh);

program
  .command("exec")
  .argument("<machine>")
  .argument("<command...>", "each word as it is")
  .option("-d, --deployment <name>", "its name or state folder, where several are up")
  .passThroughOptions()
  .description("runs a command on a machine: vipstack exec director -- ipvsadm -ln")
  .action(exec);

program
  .command("logs")
  .argument("<machine>")
  .option("-d, --deployment <name>", "its name or state folder, where several are up")
  .option("--journal", "the system journal in place of cloud-init's output")
  .option("--console", "what came on its console; for a machine of a lab, a dead one too")
  .option("-n, --lines <number>", "how many of the last lines", "50")
  .description("what a machine has logged: vipstack logs director --journal")
  .action(logs);

program.commandsGroup("The lab:");

program
  .command("lab")
  .argument("[words...]", "command and options of `vipstack-lab`; see `lab help`")
  .description("the lab's own commands: status, ssh, exec, logs, capture, power-cut, …")
  .allowUnknownOption()
  .helpOption(false)
  .action(async (words: string[]) => {
    const { exitCode } = await lab(words, { stdio: "inherit", reject: false });
    process.exitCode = exitCode;
  });

program.parseAsync().catch((error: unknown) => {
  const shown = hostFault(error) ?? error;
  if (!(shown instanceof CliError)) throw error;
  console.error(`\n${shown.message}\n→ ${shown.cure}`);
  process.exitCode = 1;
});
