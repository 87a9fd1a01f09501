import { existsSync } from "node:fs";
import { join } from "node:path";
import execa from "execa";
import { CliError } from "./errors";

/** The benches have a program of their own; the package has none of it, nor of the modules that draw its charts. */
const PROGRAM = join(__dirname, "..", "scripts", "bench", "main.js");

/** Runs a bench, or prints the help of all, in a clone of the repository. @throws CliError in an app that has the package */
export async function bench(words: readonly string[]): Promise<void> {
  if (!existsSync(PROGRAM))
    throw new CliError(
      "the benches are not part of the package",
      "clone the repository, and type there: npm run bench",
    );
  const running = execa("node", [PROGRAM, ...words], { stdio: "inherit", reject: false });
  // A terminal sends its Ctrl-C to both: the bench then takes its lab down, and this waits for it.
  const stay = (): void => undefined;
  const pass = (): void => {
    running.kill("SIGTERM", { forceKillAfterTimeout: false });
  };
  process.on("SIGINT", stay).on("SIGTERM", pass);
  const { exitCode } = await running;
  process.off("SIGINT", stay).off("SIGTERM", pass);
  process.exitCode = exitCode;
}

/** What the help of the benches says; nothing in an app that has the package. */
export async function benchHelp(): Promise<string> {
  return existsSync(PROGRAM) ? (await execa("node", [PROGRAM, "--help"])).stdout : "";
}
