import { CommanderError } from "commander";
import { program } from "./commands";
import { LabError, messageOf } from "./errors";
import { hostFault } from "./host-fault";

/** Exit codes: 0 done, 1 could not be done, 2 wrong usage; `ssh` and `exec` return the machine's own. */
async function main(): Promise<void> {
  try {
    await program().parseAsync(process.argv);
  } catch (thrown) {
    const error = hostFault(thrown, dirIn(process.argv)) ?? thrown;
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (error instanceof LabError) {
      process.stderr.write(`error: ${error.message}\n  what to do: ${error.cure}\n`);
      process.exitCode = 1;
    } else {
      process.stderr.write(
        `error: ${messageOf(error)}\n  what to do: this was not expected; run it again with VIPSTACK_DEBUG=1 to see where\n`,
      );
      if (process.env.VIPSTACK_DEBUG) console.error(error);
      process.exitCode = 1;
    }
  }
}

/** The folder of the lab, if the command line names one. */
function dirIn(words: readonly string[]): string | undefined {
  const at = words.indexOf("--dir");
  return at < 0 ? undefined : words[at + 1];
}

void main();
