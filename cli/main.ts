import "./colours";
import { commandLine } from "./commands";
import { CliError } from "./errors";
import { hostFault } from "./host-fault";
import { assumeTerminalSize } from "./terminal";

assumeTerminalSize();

commandLine()
  .parseAsync()
  .catch((error: unknown) => {
    const shown = hostFault(error) ?? error;
    if (!(shown instanceof CliError)) throw error;
    console.error(`\n${shown.message}\n→ ${shown.cure}`);
    process.exitCode = 1;
  });
