import { Construct } from "constructs";
import { IMachine } from "../machine";
import { Validation } from "../private/validation";
import { AgentProfile } from "./agent-profile";
import { addressFailures, DEV_IS_ONE_SERVER, nameFailures, serverCountProblems, serverFailures } from "./consul-checks";
import { ConsulClient } from "./consul-client";
import { checkAddressAttributes, ConsulAddressAttributes, ConsulClusterBase, IConsulCluster } from "./consul-cluster";
import { consulContribution } from "./consul-end";
import { Installation, installationFor } from "./installation";

export interface ConsulServerProps {
  readonly machine: IMachine;
  /** @default AgentProfile.CLUSTER */
  readonly profile?: AgentProfile;
  /** Lower-case letters, digits and hyphens. @default "dc1" */
  readonly datacenter?: string;
  /** The address of the machine that other agents reach it by. @default - the machine's first */
  readonly advertiseAddress?: string;
  /**
   * Slows down elections, 1 to 10: 1 is for servers with disks and processors of their own, 5 (5 s until another leader is
   * sought) for small machines. @default 5, and 1 in the dev profile
   */
  readonly raftMultiplier?: number;
  /** For every agent of the cluster. @default - what the machine's backend offers */
  readonly install?: Installation;
}

/**
 * A Consul server, and with {@link addServers} the others that agree with it: one datacenter. How many servers there are
 * (`bootstrap_expect`) and where they are (`retry_join`) follows from the machines.
 *
 * @see https://developer.hashicorp.com/consul/docs/reference/agent/configuration-file
 */
export class ConsulServer extends ConsulClusterBase {
  /** A datacenter that exists. Machines of this program can join it, Terraform can talk to it. */
  static fromAddress(scope: Construct, id: string, attributes: ConsulAddressAttributes): IConsulCluster {
    return new ForeignConsul(scope, id, attributes);
  }

  readonly datacenter: string;
  readonly httpAddress: string;
  readonly install?: Installation;
  readonly version?: string;
  private readonly profile: AgentProfile;
  private readonly servers: { readonly machine: IMachine; readonly address: string }[] = [];
  private readonly raftMultiplier?: number;

  constructor(scope: Construct, id: string, props: ConsulServerProps) {
    super(scope, id);
    const { machine, advertiseAddress } = props;
    this.profile = props.profile ?? AgentProfile.CLUSTER;
    this.datacenter = props.datacenter ?? "dc1";
    this.httpAddress = `http://${advertiseAddress ?? machine.address}:8500`;
    this.install = props.install;
    this.raftMultiplier = props.raftMultiplier;

    const validation = new Validation(this);
    validation.add(...nameFailures("datacenter", props.datacenter), ...addressFailures(machine, advertiseAddress));
    validation.integer("raftMultiplier", props.raftMultiplier, 1, 10, "1 is for fast machines, 5 for small ones");
    const installation = installationFor("consul", machine, props.install);
    if (installation instanceof Installation) this.version = installation.version;
    this.addServer(validation, machine, advertiseAddress);
    this.node.addValidation({ validate: () => serverCountProblems(this.servers.length) });
  }

  get retryJoin(): readonly string[] {
    return this.servers.map(({ address }) => address);
  }

  /** Machines that become servers too: with 3 the cluster survives the loss of one, with 5 of two. @throws ValidationError */
  addServers(machines: readonly IMachine[]): void {
    for (const machine of machines) {
      const validation = new Validation(this);
      if (this.profile === AgentProfile.DEV) validation.add(DEV_IS_ONE_SERVER);
      validation.add(...serverFailures([...this.servers.map((server) => server.machine), machine]));
      this.addServer(validation, machine);
    }
  }

  /** @internal */
  _makeClient(role: Construct, machine: IMachine): void {
    new ConsulClient(role, `consul-${machine.name}`, { machine, consul: this });
  }

  private addServer(validation: Validation, machine: IMachine, advertiseAddress?: string): void {
    const installation = installationFor("consul", machine, this.install);
    if (!(installation instanceof Installation)) validation.add(...installation);
    validation.finish();
    if (!(installation instanceof Installation)) return;
    this._addAgent(this, machine);
    const address = advertiseAddress ?? machine.address;
    this.servers.push({ machine, address });
    const installed = installation._of("consul");
    const { datacenter, profile, raftMultiplier } = this;
    const agent = { nodeName: machine.name, datacenter, address, server: { profile, raftMultiplier } };
    const peers = () => ({ retryJoin: this.retryJoin, bootstrapExpect: this.servers.length });
    machine.contribute(this, () => consulContribution(agent, peers(), installed));
  }
}

class ForeignConsul extends ConsulClusterBase {
  readonly datacenter: string;
  readonly httpAddress: string;
  readonly retryJoin: readonly string[];
  readonly install?: Installation;
  readonly version?: string;

  constructor(scope: Construct, id: string, attributes: ConsulAddressAttributes) {
    super(scope, id);
    checkAddressAttributes(this, attributes);
    this.datacenter = attributes.datacenter ?? "dc1";
    this.httpAddress = attributes.address;
    this.retryJoin = [...attributes.retryJoin];
    this.install = attributes.install;
    this.version = attributes.version ?? attributes.install?.version;
  }

  /** @internal */
  _makeClient(role: Construct, machine: IMachine): void {
    new ConsulClient(role, `consul-${machine.name}`, { machine, consul: this });
  }
}
