import { Fn } from "cdktf";
import { mapTokens } from "../private/template-escape";
import { CloudInit } from "./cloud-init";
import { bringSecrets, renderSecretsScript, secretVariable } from "./secrets-script";

function scriptOf(machine: string): string {
  return `machines/${machine}/secrets.sh`;
}

/** The files beside the stack's JSON that {@link bringMachineSecrets} runs. */
export function secretsDocuments(model: CloudInit): Record<string, string> {
  return model.secrets.length === 0 ? {} : { [scriptOf(model.hostname ?? "")]: renderSecretsScript(model) };
}

/** The command that brings a machine its secrets. @param shell runs the script on its standard input on the machine */
export function bringMachineSecrets(machine: string, shell: string): string {
  return bringSecrets(scriptOf(machine), shell);
}

/** The environment variables of that command. */
export function secretContents({ secrets }: CloudInit): Record<string, string> {
  return Object.fromEntries(secrets.map(({ content }, index) => [secretVariable(index), content]));
}

/** What each secret is made of, its references hashed: a change of anything brings them to the machine again. */
export function secretHashes({ secrets }: CloudInit): Record<string, string> {
  return Object.fromEntries(
    secrets.map(({ path, content, mode }) => [path, `${mode} ${mapTokens(content, (token) => Fn.sha256(token))}`]),
  );
}
