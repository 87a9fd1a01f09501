import { Construct } from "constructs";
import {
  addressFailures,
  AgentProfile,
  DEV_IS_ONE_SERVER,
  IConsulCluster,
  Installation,
  installationFor,
  nameFailures,
  serverCountProblems,
  serverFailures,
} from "../consul";
import { IMachine } from "../machine";
import { Validation } from "../private/validation";
import { versionAtLeast } from "../private/version";
import { dynamicPortFailures } from "./nomad-checks";
import { NomadClient, NomadClientOptions } from "./nomad-client";
import { ForeignNomad, NomadAddressAttributes } from "./foreign-nomad";
import { ClientAgent, DynamicPorts, INomadCluster, NOMADS_OWN_PORTS } from "./nomad-cluster";
import { agentContribution, serverContribution } from "./nomad-end";

export interface NomadServerProps {
  readonly machine: IMachine;
  /** Gets a local agent onto every machine with a Nomad agent. */
  readonly consul: IConsulCluster;
  /**
   * The dev profile makes the machine a client too, on which jobs may run programs as root and mount any path, as
   * `nomad agent -dev` does. @default AgentProfile.CLUSTER
   */
  readonly profile?: AgentProfile;
  /** Makes the machine a client too. @default - in the dev profile `{ rawExec: true }`, else it is none */
  readonly client?: NomadClientOptions;
  /** Lower-case letters, digits and hyphens. @default "global" */
  readonly region?: string;
  /** @default - Consul's */
  readonly datacenter?: string;
  /** Host ports that jobs get. @default { min: 20000, max: 32000 } */
  readonly dynamicPorts?: DynamicPorts;
  /** The address of the machine that other agents reach it by. @default - the machine's first */
  readonly advertiseAddress?: string;
  /** For every agent of the cluster. @default - what the machine's backend offers */
  readonly install?: Installation;
}

/**
 * A Nomad server, and with {@link addServers} the others that agree with it. Servers and clients find each other through
 * Consul: nothing here names an address.
 *
 * @see https://developer.hashicorp.com/nomad/docs/configuration/server
 */
export class NomadServer extends Construct implements INomadCluster {
  /** A cluster that exists. Machines of this program can become its clients, Terraform can run jobs on it. */
  static fromAddress(scope: Construct, id: string, attributes: NomadAddressAttributes): INomadCluster {
    return new ForeignNomad(scope, id, attributes);
  }

  readonly region: string;
  readonly datacenter: string;
  readonly httpAddress: string;
  readonly consul: IConsulCluster;
  readonly dynamicPorts: DynamicPorts;
  readonly install?: Installation;
  private readonly profile: AgentProfile;
  private readonly servers: IMachine[] = [];
  private readonly serverVersions: string[] = [];
  private readonly clientAgents = new Map<IMachine, ClientAgent>();

  constructor(scope: Construct, id: string, props: NomadServerProps) {
    super(scope, id);
    const { machine, advertiseAddress, consul } = props;
    this.consul = consul;
    this.profile = props.profile ?? AgentProfile.CLUSTER;
    this.region = props.region ?? "global";
    this.datacenter = props.datacenter ?? consul.datacenter;
    this.httpAddress = `http://${advertiseAddress ?? machine.address}:4646`;
    this.dynamicPorts = props.dynamicPorts ?? NOMADS_OWN_PORTS;
    this.install = props.install;

    const validation = new Validation(this);
    validation.add(
      ...nameFailures("region", props.region),
      ...nameFailures("datacenter", props.datacenter),
      ...addressFailures(machine, advertiseAddress),
      ...dynamicPortFailures(props.dynamicPorts),
    );
    this.addServer(validation, machine, advertiseAddress);
    this.node.addValidation({ validate: () => serverCountProblems(this.servers.length) });

    const dev = { rawExec: true, dockerVolumes: props.client?.docker };
    const client = this.profile === AgentProfile.DEV ? { ...dev, ...props.client } : props.client;
    if (client !== undefined)
      new NomadClient(this, machine.name, { advertiseAddress, ...client, machine, nomad: this });
  }

  get version(): string | undefined {
    const versions = [...this.serverVersions, ...[...this.clientAgents.values()].map(({ version }) => version)];
    return versions.find((version) => versions.every((other) => versionAtLeast(other, version)));
  }

  get clients(): readonly IMachine[] {
    return [...this.clientAgents.keys()];
  }

  /** Machines that become servers too: with 3 the cluster survives the loss of one, with 5 of two. @throws ValidationError */
  addServers(machines: readonly IMachine[]): void {
    for (const machine of machines) {
      const validation = new Validation(this);
      if (this.profile === AgentProfile.DEV) validation.add(DEV_IS_ONE_SERVER);
      validation.add(...serverFailures([...this.servers, machine]));
      this.addServer(validation, machine);
    }
  }

  /**
   * Machines on which jobs run; each becomes a {@link NomadClient} with the machine's name as id.
   *
   * @returns them in the order of the machines
   * @throws ValidationError
   */
  addClients(machines: readonly IMachine[], options: NomadClientOptions = {}): NomadClient[] {
    return machines.map((machine) => new NomadClient(this, machine.name, { ...options, machine, nomad: this }));
  }

  /** @internal */
  _isServer(machine: IMachine): boolean {
    return this.servers.includes(machine);
  }

  /** @internal */
  _addClient(machine: IMachine, agent: ClientAgent): void {
    this.clientAgents.set(machine, agent);
  }

  private addServer(validation: Validation, machine: IMachine, advertiseAddress?: string): void {
    const installation = installationFor("nomad", machine, this.install);
    validation.require(!this.clientAgents.has(machine), {
      property: "addServers",
      rule: "can't make a server of a machine that is a client already",
      got: machine.name,
      cure: "add the server first, then the client",
    });
    if (!(installation instanceof Installation)) validation.add(...installation);
    validation.finish();
    if (!(installation instanceof Installation)) return;
    this.consul.ensureAgent(this, machine);
    this.servers.push(machine);
    this.serverVersions.push(installation.version);
    const { region, datacenter } = this;
    const agent = { nodeName: machine.name, region, datacenter, address: advertiseAddress ?? machine.address };
    const installed = installation._of("nomad");
    machine.contribute(this, () => agentContribution(agent, installed, this.clientAgents.get(machine)));
    machine.contribute(this, () => serverContribution(this.servers.length));
  }
}
