import { DeploymentDescription } from "../../constructs/deployment";
import { claim } from "../claim";
import { columns } from "../columns";
import { CliError } from "../errors";
import { typed, wordsOf } from "../package";
import { chooseProgram, Program } from "../program";
import { KeptSecret, readSecrets, whenItEnds, writeSecrets } from "./store";
import { secretsTitle, supplySecrets } from "./supply";

/** Makes the secrets that the program needs and that are not there, without deploying anything. */
export async function initSecrets(example?: string): Promise<void> {
  const { program, deployments } = await synthesized(example);
  const giveBack = claim(program.output, "secrets init");
  try {
    console.log(secretsTitle(supplySecrets(deployments, { keep: true })));
  } finally {
    giveBack();
  }
}

/** Shows which secrets there are; none of their values. */
export async function listSecrets(example?: string): Promise<void> {
  const { deployments } = await synthesized(example);
  const rows = deployments.flatMap(({ stateFolder, secrets = [] }) => {
    const kept = readSecrets(stateFolder);
    return secrets.map(({ variable, recipe }) => [
      variable,
      recipe.kind,
      ...stateOf(variable, kept[variable], example),
    ]);
  });
  console.log(rows.length === 0 ? "The program needs no secret." : columns([HEADINGS, ...rows]));
}

const HEADINGS = ["secret", "kind", "made", "ends"];

function stateOf(variable: string, kept: KeptSecret | undefined, example: string | undefined): string[] {
  if (process.env[`TF_VAR_${variable}`] !== undefined) return [`by TF_VAR_${variable}`, ""];
  if (kept === undefined) return [`not yet: ${typed("up", ...wordsOf(example))}`, ""];
  return [kept.made.slice(0, 10), whenItEnds(kept)];
}

/** Prints the value of one secret, for a vault or an operator's tool. */
export async function showSecret(variable: string, example?: string): Promise<void> {
  const { deployments } = await synthesized(example);
  const value = readSecrets(ownerOf(variable, deployments, example))[variable]?.value ?? "";
  process.stdout.write(value.endsWith("\n") ? value : `${value}\n`);
}

/** Forgets the values of secrets, so that the next `up` makes others and brings them to the machines. */
export async function rotateSecrets(
  variables: readonly string[],
  { example }: { readonly example?: string },
): Promise<void> {
  const { program, deployments } = await synthesized(example);
  const giveBack = claim(program.output, "secrets rotate");
  try {
    forget(variables, deployments, example);
  } finally {
    giveBack();
  }
  console.log(
    `Made anew, and brought to the machines, by ${typed("up", ...wordsOf(example))}: ${variables.join(", ")}`,
  );
}

function forget(variables: readonly string[], deployments: readonly DeploymentDescription[], example?: string): void {
  const owners = variables.map((variable) => ownerOf(variable, deployments, example));
  for (const stateFolder of new Set(owners)) {
    const others = Object.entries(readSecrets(stateFolder)).filter(([name]) => !variables.includes(name));
    writeSecrets(stateFolder, Object.fromEntries(others));
  }
}

/** The state folder that keeps a secret. @throws CliError where none does */
function ownerOf(variable: string, deployments: readonly DeploymentDescription[], example?: string): string {
  const owner = deployments.find(({ stateFolder }) => readSecrets(stateFolder)[variable] !== undefined);
  if (owner === undefined)
    throw new CliError(
      `no secret '${variable}' was made`,
      `list them: ${typed("secrets", "list", ...wordsOf(example))}`,
    );
  return owner.stateFolder;
}

async function synthesized(example?: string): Promise<{ program: Program; deployments: DeploymentDescription[] }> {
  const choice = example === undefined ? await chooseProgram() : undefined;
  const program = new Program(example, choice?.app);
  return { program, deployments: await program.synth() };
}
