import execa from "execa";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROVIDER_FILE, ProviderDescription, ProviderName } from "../constructs/deployment";
import { AgentApi, LEADER_SECONDS } from "./agent-api";
import { CliError } from "./errors";
import { handedOver, takeBack } from "./handover/handover";
import { Program } from "./program";
import { secretValue } from "./secrets/supply";
import { forgetState, StatePlace, TERRAFORM, stacksWithState, stateProvider, terraformResources } from "./terraform";

/** A stack that is no longer in the program, and of which things are still in Consul or Nomad. */
export interface LeftStack extends ProviderDescription {
  /** How many things Terraform has made, and how many were handed over. */
  readonly left: number;
}

/** @param places the program's own stacks, in whose state folders those that left it are looked for */
export function leftStacks(program: Program, places: readonly { readonly stateFolder: string }[]): LeftStack[] {
  const known = program.stacks();
  const folders = new Set(places.map(({ stateFolder }) => stateFolder));
  return [...folders].flatMap((stateFolder) =>
    stacksWithState(stateFolder)
      .filter((stack) => !known.includes(stack))
      .flatMap((stack) => leftStack(program, { stateFolder, stack }) ?? []),
  );
}

/** "stack 'platform' left the program, and 3 things of it are still in Consul" */
export function leftLine({ stack, provider, left }: LeftStack): string {
  const agent = provider === "consul" ? "Consul" : "Nomad";
  return `stack '${stack}' left the program, and ${left} ${left === 1 ? "thing of it is" : "things of it are"} still in ${agent}`;
}

/**
 * Removes what is left of stacks. It has to be done before the program's own stacks are deployed: a stack may have another name
 * now, and its things with it.
 */
export async function removeLeft(stacks: readonly LeftStack[], show: (line: string) => void): Promise<void> {
  // Jobs before what their templates read.
  const ordered = [...stacks].sort((a, b) => (a.provider === b.provider ? 0 : a.provider === "nomad" ? -1 : 1));
  for (const stack of ordered) {
    await AgentApi.of(stack).waitForLeader(LEADER_SECONDS);
    show(`removing what is left of ${stack.stack}`);
    await takeBack(stack, show);
    if (terraformResources(stack) > 0) await destroyFromState(stack);
    forgetState(stack);
  }
}

function leftStack(program: Program, place: StatePlace): LeftStack | undefined {
  const left = terraformResources(place) + handedOver(place).length;
  if (left === 0) return undefined;
  const beside = join(place.stateFolder, `${place.stack}.${PROVIDER_FILE}`);
  const file = [beside, join(program.stackFolder(place.stack), PROVIDER_FILE)].find((path) => existsSync(path));
  if (file !== undefined) return { ...(JSON.parse(readFileSync(file, "utf8")) as ProviderDescription), ...place, left };
  // Machines are no provider's.
  const provider = stateProvider(place);
  if (provider !== "consul" && provider !== "nomad") return undefined;
  // Deployed before its description was kept: the program's other stack for the same agent knows where that is.
  const sibling = program.providerStacks().find((one) => one.provider === provider);
  return sibling && { ...sibling, ...place, left };
}

/** A state without configuration: Terraform removes everything in it. */
async function destroyFromState(left: LeftStack): Promise<void> {
  const { stateFolder, stack, provider, address } = left;
  const { settings, values } = credentialsOf(left);
  const folder = mkdtempSync(join(tmpdir(), "vipstack-left-"));
  try {
    const configuration = {
      terraform: {
        required_providers: { [provider]: { source: `hashicorp/${provider satisfies ProviderName}` } },
        backend: { local: { path: join(stateFolder, `${stack}.tfstate`) } },
      },
      variable: Object.fromEntries(Object.keys(values).map((name) => [name, { type: "string", sensitive: true }])),
      provider: { [provider]: [{ address, ...settings }] },
    };
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify(configuration));
    const secrets = Object.fromEntries(Object.entries(values).map(([name, value]) => [`TF_VAR_${name}`, value]));
    const terraform = (words: readonly string[]): execa.ExecaChildProcess =>
      execa(TERRAFORM, words, { cwd: folder, all: true, reject: false, env: { CHECKPOINT_DISABLE: "1", ...secrets } });
    for (const words of [["init"], ["apply", "-auto-approve"]]) {
      const { exitCode, all = "" } = await terraform([...words, "-input=false", "-no-color"]);
      if (exitCode !== 0)
        throw new CliError(
          `what is left of stack '${stack}' can't be removed:\n${all.trim()}`,
          "fix that, then run this again",
        );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a provider shows an agent that trusts only the deployment: references to variables, and their values. */
function credentialsOf(left: LeftStack): { settings: Record<string, string>; values: Record<string, string> } {
  const { secrets, provider } = left;
  if (secrets === undefined) return { settings: {}, values: {} };
  const reference = (variable: string): string => `\${var.${variable}}`;
  const names = [secrets.authority, secrets.certificate, secrets.token];
  return {
    settings: {
      ca_pem: reference(secrets.authority),
      cert_pem: reference(secrets.certificate),
      key_pem: reference(secrets.certificate),
      [provider === "consul" ? "token" : "secret_id"]: reference(secrets.token),
    },
    values: Object.fromEntries(names.map((name) => [name, secretValue(left, name) ?? ""])),
  };
}
