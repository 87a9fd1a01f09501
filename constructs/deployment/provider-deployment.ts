import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { writeAtSynth } from "../private/synth-files";
import { protectStateFolder } from "./state-folder";

/** The file beside the JSON of a stack that talks to an agent; beside its state the same as `STACK.provider.json`. */
export const PROVIDER_FILE = "provider.json";

export interface ProviderDeploymentProps {
  /** The name that the user knows the deployment by. */
  readonly name: string;
  readonly provider: ProviderName;
  /** The agent's HTTP interface, as this host reaches it: `http://127.0.0.1:8500`. */
  readonly address: string;
  /** The folder of its state. Synth makes it, for its owner alone. */
  readonly stateFolder: string;
  /** The stack of the machines that the agent runs on. @default - none of the program's */
  readonly machines?: string;
}

export type ProviderName = "consul" | "nomad";

/** What {@link PROVIDER_FILE} holds. */
export interface ProviderDescription extends ProviderDeploymentProps {
  readonly stack: string;
}

/**
 * Tells `vipstack up` and `vipstack down` of a stack of Consul objects or Nomad jobs: where its agent is, where its state. One
 * a stack; it makes no resource. (`Deployment` does the same for a stack of machines.)
 */
export class ProviderDeployment extends Construct {
  constructor(scope: Construct, id: string, props: ProviderDeploymentProps) {
    super(scope, id);
    const description: ProviderDescription = { ...props, stack: TerraformStack.of(this).node.id };
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
