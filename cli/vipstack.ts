#!/usr/bin/env node
import { Command } from "commander";
import { down } from "./down";
import { CliError } from "./errors";
import { lab } from "./lab";
import { up } from "./up";

const program = new Command("vipstack").description(
  "Directors, machines and jobs of a typed program: up, down, and the lab they run in",
);

program
  .command("up")
  .argument("[example]", "a folder of examples/; default: the program of cdktf.json")
  .option("--remove-left", "remove objects in Consul and Nomad of stacks that have left the program")
  .description("checks the host, deploys with cdktf, and waits until every service answers")
  .action(up);

program
  .command("down")
  .argument("[example]", "a folder of examples/; default: the program of cdktf.json")
  .description("removes everything that up has made")
  .action(down);

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
  if (!(error instanceof CliError)) throw error;
  console.error(`\n${error.message}\n→ ${error.cure}`);
  process.exitCode = 1;
});
