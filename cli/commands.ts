import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { bench } from "./bench";
import { completion, SHELLS } from "./completion";
import { doctor } from "./doctor/doctor";
import { down } from "./down";
import { lab } from "./lab";
import { licences } from "./licences/licences";
import { exec, logs, ssh } from "./on-machine";
import { PACKAGE_FOLDER } from "./package";
import { plan } from "./plan/plan";
import { initSecrets, listSecrets, rotateSecrets, showSecret } from "./secrets/secrets";
import { list, status } from "./status";
import { up } from "./up";
import { view } from "./view/view";

/** What a command does, with one line that shows it. */
interface Purpose {
  readonly does: string;
  /** Without `vipstack`. */
  readonly example: string;
}

/** The whole command line. */
export function commandLine(): Command {
  const { version } = JSON.parse(readFileSync(join(PACKAGE_FOLDER, "package.json"), "utf8")) as { version: string };
  const root = new Command("vipstack")
    .description("Directors, machines and jobs of a typed program: up, down, and the lab they run in")
    .version(version, "--version")
    .enablePositionalOptions()
    .showHelpAfterError("(vipstack --help lists the commands)")
    .addHelpText("after", "\nvipstack COMMAND --help has the options of a command.");
  addProgramCommands(root);
  addRunningCommands(root);
  addMachineCommands(root);
  addOtherCommands(root);
  return root;
}

function addProgramCommands(root: Command): void {
  root.commandsGroup("The program of this folder:");
  programCommand(root, "up", {
    does: "checks the host, deploys with cdktf, and waits until every service answers",
    example: "up three-machines",
  })
    .option("-y, --yes", "make machines anew and remove them without a question")
    .option("--remove-left", "remove objects in Consul and Nomad of stacks that have left the program")
    .action(up);
  programCommand(root, "plan", {
    does: "shows what up would change: machines, rules line by line, objects and jobs; changes nothing",
    example: "plan --all",
  })
    .option("--all", "show differences whole")
    .option("--json", "for programs")
    .action(plan);
  addSecretCommands(root);
  programCommand(root, "licences", {
    does: "what lands on machines, with versions, sums and licences; exit code 1 if something is not open source",
    example: "licences three-machines",
  })
    .option("--machine <name>", "ask that running machine what it has of it")
    .option("--json", "for programs")
    .action(licences);
  programCommand(root, "down", { does: "removes everything that up has made", example: "down" }).action(down);
}

function addSecretCommands(root: Command): void {
  const secrets = command(root, "secrets", {
    does: "keys, tokens and certificates that up makes: list, show, rotate",
    example: "secrets list",
  });
  programCommand(secrets, "init", { does: "makes what is missing; deploys nothing", example: "secrets init" }).action(
    initSecrets,
  );
  programCommand(secrets, "list", { does: "which there are, and when they end", example: "secrets list" }).action(
    listSecrets,
  );
  const one = "lab_consul_gossip_key";
  command(secrets, "show", { does: "prints the value of one", example: `secrets show ${one}` })
    .argument("<secret>")
    .argument("[example]", "a folder of examples/; default: the program of cdktf.json")
    .action((secret: string, example?: string) => showSecret(secret, example));
  command(secrets, "rotate", {
    does: "forgets some, so that the next up makes others and brings them to the machines",
    example: `secrets rotate ${one}`,
  })
    .argument("<secrets...>")
    .option("--example <name>", "a folder of examples/; default: the program of cdktf.json")
    .action(rotateSecrets);
}

function addRunningCommands(root: Command): void {
  root.commandsGroup("What is up:");
  deploymentCommand(root, "status", {
    does: "machines, directors' tables, health, jobs and routes",
    example: "status --watch",
  })
    .option("--json", "for programs")
    .option("--watch", "again every two seconds")
    .action(status);
  command(root, "ls", { does: "the deployments that are up, and their machines", example: "ls" })
    .option("--json", "for programs")
    .action(list);
  deploymentCommand(root, "doctor", {
    does: "why a virtual service does not answer, with evidence and cure",
    example: "doctor",
  })
    .option("--from <machine>", "the machine that sends the requests; default: the program's client")
    .option("--json", "for programs")
    .action(doctor);
  deploymentCommand(root, "view", {
    does: "the topology as a page that shows what happens, until Ctrl-C",
    example: "view --port 0",
  })
    .option("-p, --port <number>", "port of 127.0.0.1; 0: a free one", "8088")
    .action(view);
}

function addMachineCommands(root: Command): void {
  root.commandsGroup("One machine:");
  deploymentCommand(root, "ssh", { does: "a shell on a machine, as root", example: "ssh director" })
    .argument("<machine>")
    .action(ssh);
  deploymentCommand(root, "exec", {
    does: "runs a command on a machine, as root",
    example: "exec director -- ipvsadm -ln",
  })
    .argument("<machine>")
    .argument("<command...>", "each word as it is")
    .passThroughOptions()
    .action(exec);
  deploymentCommand(root, "logs", { does: "what a machine has logged", example: "logs director --journal" })
    .argument("<machine>")
    .option("--journal", "the system journal in place of cloud-init's output")
    .option("--console", "what came on its console; for a machine of a lab, a dead one too")
    .option("-n, --lines <number>", "how many of the last lines", "50")
    .action(logs);
}

function addOtherCommands(root: Command): void {
  root.commandsGroup("The lab, the benches, the shell:");
  command(root, "lab", {
    does: "the lab's own commands: status, capture, power-cut, program, image, …",
    example: "lab capture director",
  })
    .argument("[words...]", "command and options of `vipstack-lab`; see `lab help`")
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[]) => {
      const { exitCode } = await lab(words, { stdio: "inherit", reject: false });
      process.exitCode = exitCode;
    });
  command(root, "bench", {
    does: "measures on this machine: planes, changes, web, up, …; in a clone of the repository",
    example: "bench planes --runs 5",
  })
    .argument("[bench...]", "a bench and its options; see `bench --help`")
    .allowUnknownOption()
    .helpOption(false)
    .action(bench);
  command(root, "completion", {
    does: "prints what completes these words by Tab in bash or zsh",
    example: "completion bash",
  })
    .argument("<shell>", SHELLS.join(" or "))
    .action((shell: string) => completion(shell, root));
}

function command(root: Command, name: string, { does, example }: Purpose): Command {
  return root
    .command(name)
    .summary(`${does}: vipstack ${example}`)
    .description(does)
    .addHelpText("after", `\nExample:\n  vipstack ${example}`);
}

/** A command that is about a program: that of this folder, or an example. */
function programCommand(root: Command, name: string, purpose: Purpose): Command {
  return command(root, name, purpose).argument(
    "[example]",
    "a folder of examples/; default: the program of cdktf.json",
  );
}

/** A command that is about one deployment. */
function deploymentCommand(root: Command, name: string, purpose: Purpose): Command {
  return command(root, name, purpose).option(
    "-d, --deployment <name>",
    "its name or state folder, where several are up",
  );
}
