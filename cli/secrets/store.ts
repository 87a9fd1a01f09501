import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";
import { SecretDescription, SecretRecipe } from "../../constructs/secrets";
import { CliError } from "../errors";
import { MadeSecret, makeSecret } from "./maker";

/** The file in a state folder that keeps what was made. */
export const SECRETS_FILE = "secrets.json";

/** A secret as the file has it. */
export interface KeptSecret extends MadeSecret {
  readonly recipe: SecretRecipe;
  /** When it was made, in ISO 8601. */
  readonly made: string;
}

/** The secrets of a deployment that were made, by the names of their variables. */
export type Secrets = Readonly<Record<string, KeptSecret>>;

/** What a state folder keeps. @throws CliError where the file can't be read */
export function readSecrets(stateFolder: string): Secrets {
  const file = join(stateFolder, SECRETS_FILE);
  if (!existsSync(file)) return {};
  try {
    const { secrets } = JSON.parse(readFileSync(file, "utf8")) as { secrets: Secrets };
    return secrets;
  } catch (error) {
    throw new CliError(
      `${file} can't be read: ${(error as Error).message}`,
      "bring back a copy of it: without its secrets the machines' agents can't be reached",
    );
  }
}

/** Keeps them for their owner alone; a crash leaves the file as it was. */
export function writeSecrets(stateFolder: string, secrets: Secrets): void {
  const file = join(stateFolder, SECRETS_FILE);
  writeFileSync(`${file}.new`, `${JSON.stringify({ version: 1, secrets }, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/**
 * The secrets of a program: those that are kept, and made now what is missing, was made in another way, or was signed by another
 * authority. What the program no longer names is left out.
 */
export function completeSecrets(wanted: readonly SecretDescription[], kept: Secrets, now = Date.now()): Secrets {
  const complete: Record<string, KeptSecret> = {};
  for (const { variable, recipe } of authoritiesFirst(wanted)) {
    const known = kept[variable];
    const authority = recipe.kind === "certificate" ? complete[recipe.authority] : undefined;
    const isSameAuthority = recipe.kind !== "certificate" || authority === kept[recipe.authority];
    complete[variable] =
      known !== undefined && isSameAuthority && isDeepStrictEqual(known.recipe, recipe)
        ? known
        : { ...makeSecret(recipe, authority, now), recipe, made: new Date(now).toISOString() };
  }
  return complete;
}

function authoritiesFirst(wanted: readonly SecretDescription[]): SecretDescription[] {
  const isSigned = ({ recipe }: SecretDescription): number => Number(recipe.kind === "certificate");
  return [...wanted].sort((a, b) => isSigned(a) - isSigned(b));
}

/** Days until a secret ends. @returns undefined where it never does */
export function daysLeft({ ends }: MadeSecret, now = Date.now()): number | undefined {
  return ends === undefined ? undefined : Math.floor((Date.parse(ends) - now) / 86_400_000);
}

/** When a secret ends, in words: `in 28 days`, `23 hours ago`, `never`. */
export function whenItEnds({ ends }: MadeSecret, now = Date.now()): string {
  if (ends === undefined) return "never";
  const hours = Math.trunc((Date.parse(ends) - now) / 3_600_000);
  const words = new Intl.RelativeTimeFormat("en");
  return Math.abs(hours) < 48 ? words.format(hours, "hour") : words.format(Math.trunc(hours / 24), "day");
}
