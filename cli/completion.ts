// Completion is made here of what commander knows of the commands: the packages for it are ECMAScript modules only, which the oldest Node that is
// supported can't load from CommonJS, or are no longer maintained.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { benchHelp } from "./bench";
import { CliError } from "./errors";
import { lab } from "./lab";
import { quoted } from "./login";
import { PACKAGE_FOLDER } from "./package";
import { runningDeployments, runningLabs } from "./running";

/** The shells whose words can be completed. */
export const SHELLS = ["bash", "zsh"];

/** A word that completes, with what it stands for. */
interface Word {
  readonly word: string;
  readonly meaning: string;
}

/** A command as its words complete. */
interface Completed extends Word {
  readonly options: readonly Word[];
  /** Words of its first argument, or the commands below it. */
  readonly first: readonly Word[];
  /** Whether its first argument is a machine that is up. */
  readonly takesMachine: boolean;
}

/**
 * Prints the program that completes the words in a shell, or the names of the machines that are up, for which that program asks.
 *
 * @param what `bash`, `zsh` or `machines`
 */
export async function completion(what: string, root: Command): Promise<void> {
  if (what === "machines") {
    const names = runningDeployments(await runningLabs()).flatMap(({ deployment }) =>
      deployment.machines.map(({ name }) => name),
    );
    process.stdout.write([...new Set(names)].map((name) => `${name}\n`).join(""));
    return;
  }
  if (!SHELLS.includes(what))
    throw new CliError(`there is no completion for '${what}'`, `choose one of: ${SHELLS.join(", ")}`);
  const { stdout } = await lab(["--help"], { reject: false });
  const commands = completedCommands(root, {
    examples: exampleNames(),
    lab: wordsOfHelp(stdout),
    bench: wordsOfHelp(await benchHelp()),
  });
  const machines = `${quoted(process.execPath)} ${quoted(process.argv[1] ?? "")} completion machines 2>/dev/null`;
  process.stdout.write(what === "bash" ? bashCompletion(commands, machines) : zshCompletion(commands, machines));
}

/** Words that commander does not know. */
interface MoreWords {
  readonly examples: readonly string[];
  readonly lab: readonly Word[];
  readonly bench: readonly Word[];
}

export function completedCommands(root: Command, more: MoreWords): Completed[] {
  return root.commands.map((command): Completed => {
    const [argument] = command.registeredArguments;
    const first: Record<string, readonly Word[]> = {
      example: plain(more.examples),
      shell: plain(SHELLS),
      words: more.lab,
      bench: more.bench,
    };
    const own = command.commands.map((each) => ({ word: each.name(), meaning: each.description() }));
    return {
      word: command.name(),
      meaning: command.description(),
      options: command
        .createHelp()
        .visibleOptions(command)
        .flatMap(({ long, description }) => (long ? [{ word: long, meaning: description }] : [])),
      first: first[argument?.name() ?? ""] ?? own,
      takesMachine: argument?.name() === "machine",
    };
  });
}

function plain(words: readonly string[]): Word[] {
  return words.map((word) => ({ word, meaning: "" }));
}

function exampleNames(): string[] {
  const folder = join(PACKAGE_FOLDER, "examples");
  return existsSync(folder) ? readdirSync(folder).filter((name) => existsSync(join(folder, name, "main.ts"))) : [];
}

/** The commands of the lab, or of the benches, of its help: they know nothing of each other but the command line. */
export function wordsOfHelp(help: string): Word[] {
  const list = help.slice(help.indexOf("\nCommands:"));
  return plain([...list.matchAll(/^ {2}([a-z][a-z-]*)\b.*$/gm)].map(([, word = ""]) => word));
}

/** @param machines a command line that prints the names of machines */
export function bashCompletion(commands: readonly Completed[], machines: string): string {
  const cases = commands.map(({ word, options, first, takesMachine }) => {
    const values = takesMachine ? `$(${machines})` : wordsOf(first);
    return `    ${word})
      options="${wordsOf(options)}"
      if [ "$COMP_CWORD" -eq 2 ]; then words="${values}"; fi
      ;;
`;
  });
  return `# Completion of vipstack in bash, made by: vipstack completion bash
_vipstack() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="" options=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${wordsOf(commands)} --help --version" -- "$current"))
    return
  fi
  # After -- come the words of another program.
  case " \${COMP_WORDS[*]:0:COMP_CWORD} " in *" -- "*) return ;; esac
  case "\${COMP_WORDS[1]}" in
${cases.join("")}  esac
  case "$current" in -*) words="$options" ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _vipstack vipstack
`;
}

/** @param machines as in {@link bashCompletion} */
export function zshCompletion(commands: readonly Completed[], machines: string): string {
  const cases = commands.map(
    ({ word, options, first, takesMachine }) => `    ${word})
      options=(${described(options)})
      if (( CURRENT == 3 )); then values=(${takesMachine ? `\${(f)"$(${machines})"}` : described(first)}); fi
      ;;
`,
  );
  return `#compdef vipstack
# Completion of vipstack in zsh, made by: vipstack completion zsh
_vipstack() {
  local -a commands options values
  commands=(${described(commands)})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  # After -- come the words of another program.
  if (( \${words[(I)--]} > 0 && \${words[(I)--]} < CURRENT )); then return; fi
  case "\${words[2]}" in
${cases.join("")}  esac
  if [[ "$PREFIX" == -* ]]; then _describe option options; else _describe value values; fi
}
if [ "$funcstack[1]" = _vipstack ]; then _vipstack "$@"; else compdef _vipstack vipstack; fi
`;
}

function wordsOf(words: readonly Word[]): string {
  return words.map(({ word }) => word).join(" ");
}

/** zsh takes what follows the first colon as the meaning. */
function described(words: readonly Word[]): string {
  return words.map(({ word, meaning }) => quoted(meaning === "" ? word : `${word}:${meaning}`)).join(" ");
}
