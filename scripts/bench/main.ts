// `npm run bench -- BENCH`; `npm run bench -- --help` lists the benches. Exit codes: 0 done, 1 could not be done, 2 wrong usage.
import { CommanderError } from "commander";
import { program } from "./commands";

program()
  .parseAsync(process.argv)
  .catch((error: unknown) => {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      console.error(error instanceof Error ? `error: ${error.message}` : error);
      process.exitCode = 1;
    }
  });
