// `npm run bench -- BENCH`; `npm run bench -- --help` lists the benches. Exit codes: 0 done, 1 could not be done, 2 wrong usage.
import { CommanderError } from "commander";
import { program } from "./commands";

program()
  .parseAsync(process.argv)
  .catch((error: unknown) => {
    if (!(error instanceof CommanderError)) console.error(error instanceof Error ? `error: ${error.message}` : error);
    // After a signal there may still be connections to machines, which nothing waits for.
    process.exit(error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 2) : 1);
  });
