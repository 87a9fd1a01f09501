import { existsSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import { CliError } from "./errors";
import { PACKAGE_FOLDER } from "./package";

/** The benches are a program of their own, which is not in the package: their charts would bring many more modules. */
const PROGRAM = join(__dirname, "..", "scripts", "bench", "main.js");

/** Runs a bench, or prints the help of all, in a clone of the repository. @throws CliError in an app that has the package */
export async function bench(words: readonly string[]): Promise<void> {
  if (!existsSync(PROGRAM))
    throw new CliError(
      "the benches are not part of the package",
      "clone the repository, and type there: npm run bench",
    );
  const running = execa(process.execPath, [PROGRAM, ...words], {
    cwd: PACKAGE_FOLDER,
    stdio: "inherit",
    reject: false,
  });
  // A terminal sends its Ctrl-C to both: the bench then takes its lab down, and this waits for it.
  const stay = (): void => undefined;
  const pass = (): void => {
    running.kill("SIGTERM", { forceKillAfterTimeout: false });
  };
  process.on("SIGINT", stay).on("SIGTERM", pass);
  const { exitCode } = (await running) as { exitCode?: number };
  process.off("SIGINT", stay).off("SIGTERM", pass);
  // None where a signal ended it.
  process.exitCode = exitCode ?? 1;
}

/** What the help of the benches says; nothing in an app that has the package. */
export async function benchHelp(): Promise<string> {
  return existsSync(PROGRAM) ? (await execa(process.execPath, [PROGRAM, "--help"], { reject: false })).stdout : "";
}
