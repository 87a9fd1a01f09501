import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "../../cli/commands";
import { program as labCommandLine } from "../../lab/commands";

/** What a command prints as its help. */
function helpOf(name?: string): string {
  const root = commandLine();
  const command = name === undefined ? root : root.commands.find((each) => each.name() === name)!;
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 200 });
  command.outputHelp();
  return text;
}

test("the help has every command in its group, with an example", () => {
  const groups = helpOf()
    .split("\n\n")
    .map((part) => part.split("\n"))
    .filter(([heading]) => /:$/.test(heading!) && !/^(Usage|Options)/.test(heading!))
    .map(([heading, ...lines]) => [heading, ...lines.map((line) => /^ {2}(\w+)/.exec(line)?.[1])]);
  expect(groups).toEqual([
    ["The program of this folder:", "up", "plan", "secrets", "licences", "down"],
    ["What is up:", "status", "ls", "doctor", "view"],
    ["One machine:", "ssh", "exec", "logs"],
    ["The lab, the benches, the shell:", "lab", "bench", "completion"],
    ["Commands:", "help"],
  ]);
  const commands = commandLine().commands;
  for (const command of commands) {
    const example = `vipstack ${command.name()}`;
    expect(command.summary()).toContain(`: ${example}`);
    expect(helpOf(command.name())).toContain(`\nExample:\n  ${example}`);
  }
});

test("every example is one that the command line takes", () => {
  for (const { name, words } of commandLine().commands.map((command) => ({
    name: command.name(),
    words: command.summary().split(": vipstack ")[1]!.split(" > ")[0]!.split(" "),
  }))) {
    const root = commandLine().exitOverride();
    const found: unknown[] = [];
    for (const command of root.commands)
      for (const each of [command, ...command.commands])
        each.exitOverride().action(() => {
          found.push(command.name());
        });
    root.parse(words, { from: "user" });
    expect(found).toEqual([name]);
  }
});

test("the page of commands has every command", () => {
  const page = readFileSync(join(__dirname, "..", "..", "docs", "commands.md"), "utf8");
  for (const command of commandLine().commands) expect(page).toContain(`\n| \`vipstack ${command.name()}`);
});

test("the lab's example is one of its commands", () => {
  const [, word] = /vipstack lab (\S+)/.exec(
    commandLine()
      .commands.find((each) => each.name() === "lab")!
      .summary(),
  )!;
  expect(labCommandLine().commands.map((command) => command.name())).toContain(word);
});
