import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { writeAtSynth } from "../private/synth-files";
import { keepStateIn, protectStateFolder } from "./state-folder";

/** The file beside the JSON of a stack that talks to an agent; beside its state the same as `STACK.provider.json`. */
export const PROVIDER_FILE = "provider.json";

/** Properties of the description of a stack. */
export interface ProviderDeploymentProps {
  /** Name of the deployment, as `vipstack up` shows it. */
  readonly name: string;
  /** Terraform provider of the stack. */
  readonly provider: ProviderName;
  /** URL of the agent's HTTP API, as this host reaches it: `http://127.0.0.1:8500`. */
  readonly address: string;
  /** Folder of its state: Terraform's too, if the stack has no Terraform backend yet. Synth makes it, readable for its owner only. */
  readonly stateFolder: string;
  /** Stack of the machine on which the agent runs. @default - the machine is not part of the program */
  readonly machines?: string;
  /** Generated secrets that the agent wants of who asks it, by the names of their variables. @default - it wants none */
  readonly secrets?: ProviderSecrets;
}

/** Names of the variables of generated secrets with which an agent is asked. */
export interface ProviderSecrets {
  /** The authority that signed the agent's certificate. */
  readonly authority: string;
  /** The client's own certificate and its key. */
  readonly certificate: string;
  /** The client's token. */
  readonly token: string;
}

/** Terraform provider of a stack of Consul objects or Nomad jobs. */
export type ProviderName = "consul" | "nomad";

/** Content of {@link PROVIDER_FILE}. */
export interface ProviderDescription extends ProviderDeploymentProps {
  /** Name of the stack. */
  readonly stack: string;
}

/**
 * Describes a stack of Consul objects or Nomad jobs to `vipstack up` and `vipstack down`: its agent and its state. One for each stack; it
 * makes no resource. (`Deployment` does the same for a stack of machines.)
 */
export class ProviderDeployment extends Construct {
  constructor(scope: Construct, id: string, props: ProviderDeploymentProps) {
    super(scope, id);
    const stack = TerraformStack.of(this);
    keepStateIn(props.stateFolder, stack);
    const description: ProviderDescription = { ...props, stack: stack.node.id };
    const text = `${JSON.stringify(description, null, 2)}\n`;
    writeAtSynth(
      this,
      () => ({ [PROVIDER_FILE]: text }),
      () => {
        protectStateFolder(props.stateFolder);
        // Beside the state it outlives the stack's time in the program: what is left of it can still be removed.
        writeFileSync(join(props.stateFolder, `${description.stack}.${PROVIDER_FILE}`), text, { mode: 0o600 });
      },
    );
  }
}
