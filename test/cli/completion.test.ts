import { spawnSync } from "node:child_process";
import { commandLine } from "../../cli/commands";
import { bashCompletion, completedCommands, completion, wordsOfHelp, zshCompletion } from "../../cli/completion";
import { program as labCommandLine } from "../../lab/commands";
import { program as benches } from "../../scripts/bench/commands";

const commands = completedCommands(commandLine(), {
  examples: ["three-machines", "udp"],
  lab: wordsOfHelp(labCommandLine().helpInformation()),
  bench: wordsOfHelp(benches().helpInformation()),
});
const machines = "echo director; echo web1";

/** What Tab would offer after these words in bash. */
function inBash(...words: string[]): string[] {
  const script = `${bashCompletion(commands, machines)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vipstack; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", "vipstack", ...words], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

test.each<[string, string[], string[]]>([
  ["commands", ["s"], ["secrets", "status", "ssh"]],
  ["commands below a command", ["secrets", ""], ["init", "list", "rotate", "show"]],
  ["options of the program", ["--v"], ["--version"]],
  ["examples", ["up", ""], ["three-machines", "udp"]],
  ["options of a command", ["up", "--"], ["--yes", "--remove-left", "--help"]],
  ["machines that are up", ["ssh", ""], ["director", "web1"]],
  ["options in place of a machine", ["logs", "--j"], ["--journal"]],
  ["options after a machine", ["logs", "web1", "--c"], ["--console"]],
  ["one machine only", ["ssh", "web1", ""], []],
  ["nothing of another program's words", ["exec", "web1", "--", "--d"], []],
  ["commands of the lab", ["lab", "power"], ["power-on", "power-cut"]],
  ["benches", ["bench", "c"], ["changes", "control", "convergence"]],
  ["shells", ["completion", ""], ["bash", "zsh"]],
  ["nothing for an unknown command", ["unknown", ""], []],
])("bash completes %s", (_, words, expected) => {
  expect(inBash(...words).sort()).toEqual([...expected].sort());
});

test("the words of the lab are those of its help", () => {
  const words = wordsOfHelp(labCommandLine().helpInformation()).map(({ word }) => word);
  expect(words).toEqual([...labCommandLine().commands.map((command) => command.name()), "help"]);
});

test("zsh gets each word with its meaning, quoted", () => {
  const text = zshCompletion(commands, machines);
  expect(text).toMatch(/^#compdef vipstack\n/);
  expect(text).toContain("'status:machines, directors'\\'' tables, health, jobs and routes'");
  expect(text).toContain('values=(${(f)"$(echo director; echo web1)"})');
  expect(text).toContain("options=('--yes:make machines anew and remove them without a question' ");
});

test("another shell is refused", async () => {
  await expect(completion("fish", commandLine())).rejects.toMatchObject({
    message: "there is no completion for 'fish'",
    cure: "choose one of: bash, zsh",
  });
});
