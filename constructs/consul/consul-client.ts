import { Construct } from "constructs";
import { IMachine } from "../machine";
import { Validation } from "../private/validation";
import { addressFailures } from "./consul-checks";
import { IConsulCluster } from "./consul-cluster";
import { consulContribution } from "./consul-end";
import { Installation, installationFor } from "./installation";

export interface ConsulClientProps {
  readonly machine: IMachine;
  readonly consul: IConsulCluster;
  /** The address of the machine that other agents reach it by. @default - the machine's first */
  readonly advertiseAddress?: string;
  /** @default - as the cluster's servers, else what the machine's backend offers */
  readonly install?: Installation;
}

/**
 * The local Consul agent of a machine: it registers the machine's services, checks them, and answers the machine's own
 * programs on 127.0.0.1. Roles that need one bring it along.
 *
 * @see https://developer.hashicorp.com/consul/docs/architecture/control-plane
 */
export class ConsulClient extends Construct {
  constructor(scope: Construct, id: string, props: ConsulClientProps) {
    super(scope, id);
    const { machine, consul, advertiseAddress } = props;
    const installation = installationFor("consul", machine, props.install ?? consul.install);
    const validation = new Validation(this);
    validation.add(...addressFailures(machine, advertiseAddress));
    if (!(installation instanceof Installation)) validation.add(...installation);
    validation.finish();
    if (!(installation instanceof Installation)) return;

    consul._addAgent(this, machine);
    const agent = {
      nodeName: machine.name,
      datacenter: consul.datacenter,
      address: advertiseAddress ?? machine.address,
    };
    const installed = installation._of("consul");
    machine.contribute(this, () => consulContribution(agent, { retryJoin: consul.retryJoin }, installed));
  }
}
