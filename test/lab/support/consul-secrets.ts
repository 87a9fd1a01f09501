import { readSecrets } from "../../../cli/secrets/store";
import { LabDeployment } from "./deployment";

/** The secrets that `up` made for the Consul agents of a deployment, and Consul's own command line with its tokens. */
export class ConsulSecrets {
  constructor(private readonly lab: LabDeployment) {}

  /** The present value of a secret. @param name `gossip_key`, `token_agent_server2` */
  value(name: string): string {
    const { stateFolder } = this.lab.description;
    return readSecrets(stateFolder)[`machines_consul_${name}`]?.value ?? `no ${name}`;
  }

  /** Runs Consul's own command line on a machine. @param token name of its secret; the default may do everything */
  consul(machine: string, words: string, token = "management_token"): Promise<{ exitCode: number; output: string }> {
    return this.lab.tryOn(machine, `CONSUL_HTTP_TOKEN='${this.value(token)}' consul ${words}`);
  }
}
