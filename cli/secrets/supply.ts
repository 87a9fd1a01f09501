import { DeploymentDescription } from "../../constructs/deployment";
import { typed, wordsOf } from "../package";
import { completeSecrets, daysLeft, readSecrets, Secrets, whenItEnds, writeSecrets } from "./store";

/** From so many days before its end a certificate is a warning. */
export const SOON_DAYS = 30;

interface SupplyOptions {
  /** Whether what is made now is kept. `plan` keeps nothing. */
  readonly keep: boolean;
}

/**
 * Gives Terraform the secrets of deployments, as environment variables of this process: what the user has set stays, what is missing is made.
 *
 * @returns the names of the variables that were made now
 */
export function supplySecrets(deployments: readonly DeploymentDescription[], { keep }: SupplyOptions): string[] {
  return deployments.flatMap(({ stateFolder, secrets: wanted = [] }) => {
    const asked = wanted.filter(({ variable }) => process.env[environmentName(variable)] === undefined);
    if (asked.length === 0) return [];
    const kept = readSecrets(stateFolder);
    const complete = completeSecrets(asked, kept);
    const made = Object.keys(complete).filter((variable) => complete[variable] !== kept[variable]);
    if (keep && made.length > 0) writeSecrets(stateFolder, { ...kept, ...complete });
    for (const [variable, { value }] of Object.entries(complete)) process.env[environmentName(variable)] = value;
    return made;
  });
}

/** The value of a secret that was made, or that the user has set. */
export function secretValue({ stateFolder }: { readonly stateFolder: string }, variable: string): string | undefined {
  return process.env[environmentName(variable)] ?? readSecrets(stateFolder)[variable]?.value;
}

/** What `up` shows of {@link supplySecrets}. */
export function secretsTitle(made: readonly string[]): string {
  return made.length === 0
    ? "Secrets: all were made before"
    : `Secrets: ${made.length} made, kept for their owner alone`;
}

/** A line for each certificate that ends soon, or that has ended. @param example the folder of `examples/` that the program is in */
export function endingSoon(secrets: Secrets, example?: string, now = Date.now()): string[] {
  const option = example === undefined ? [] : ["--example", example];
  return Object.entries(secrets).flatMap(([variable, secret]) => {
    const days = daysLeft(secret, now);
    if (days === undefined || days > SOON_DAYS) return [];
    const verb = days < 0 ? "ended" : "ends";
    const cure = `${typed("secrets", "rotate", variable, ...option)}, then ${typed("up", ...wordsOf(example))}`;
    return [`certificate ${variable} ${verb} ${whenItEnds(secret, now)}: ${cure}`];
  });
}

function environmentName(variable: string): string {
  return `TF_VAR_${variable}`;
}
