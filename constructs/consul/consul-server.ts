import { Construct } from "constructs";
import {
  AgentProfile,
  Installation,
  installationFor,
  serverCountProblems,
  Snapshots,
  validateAdvertiseAddress,
  validateAgentName,
  validateFurtherServer,
  validateHttpAddress,
} from "../agents";
import { IMachine } from "../machine";
import { limitFailures } from "../packets";
import { checkAtSynth, isRefused, Validation } from "../private/validation";
import { versionFormFailures } from "../private/version";
import { consulContribution, consulPorts, ConsulSources, limitAgent } from "./consul-client";
import { addressesOf, ConsulClusterBase, IConsulCluster } from "./consul-cluster";
import { MANAGEMENT_TOKEN, withToken } from "./render/agent";
import { ConsulSecurity } from "./security";

/** Properties of a Consul server. */
export interface ConsulServerProps {
  /** Machine of the first server. */
  readonly machine: IMachine;
  /** Purpose of the cluster. @default AgentProfile.CLUSTER */
  readonly profile?: AgentProfile;
  /** Name of the datacenter: lower-case letters, digits and hyphens. @default "dc1" */
  readonly datacenter?: string;
  /** Address of the machine for other agents. @default - the machine's first address */
  readonly advertiseAddress?: string;
  /**
   * Factor that slows down elections, 1 to 10. 1 suits servers with their own disks and processors, 5 suits small machines: with 5,
   * the servers look for another leader after 5 s.
   *
   * @default 5 - in the dev profile 1
   */
  readonly raftMultiplier?: number;
  /**
   * Addresses and networks from which operators, and Terraform for them, reach HTTPS (8501) of the servers and the API of Nomad's agents (4646):
   * `["10.9.0.0/24"]`. Only with {@link AgentProfile.PRODUCTION}, whose machines have a {@link Firewall}. The machines' backend, such as the lab,
   * always reaches them; an empty list is for the backend alone.
   *
   * @default - the networks of each machine's interfaces
   */
  readonly operators?: readonly string[];
  /** Snapshots that each server keeps of the cluster's state. @default - none */
  readonly snapshots?: Snapshots;
  /** Installation of every agent of the cluster. @default - the one that the machine's backend offers */
  readonly install?: Installation;
  /** Installation of consul-template on directors and gateways that use the cluster. @default - the one that the machine's backend offers */
  readonly consulTemplate?: Installation;
}

/** A Consul datacenter that exists outside of the program. */
export interface ConsulServerAttributes {
  /** URL of its HTTP API: `http://10.0.0.5:8500`. */
  readonly address: string;
  /** Addresses of its servers, which agents of this program join. At least one. */
  readonly retryJoin: readonly string[];
  /** Name of the datacenter. @default "dc1" */
  readonly datacenter?: string;
  /** Version of its agents: `1.14.11`. @default - not known: nothing is checked against it */
  readonly version?: string;
  /** Installation of agents that join it. @default - the one that the machine's backend offers */
  readonly install?: Installation;
  /** Installation of consul-template on directors and gateways that use the cluster. @default - the one that the machine's backend offers */
  readonly consulTemplate?: Installation;
}

/**
 * A Consul server, and with {@link addServers} the other servers of its datacenter. The number of servers (`bootstrap_expect`)
 * and their addresses (`retry_join`) are derived from the machines.
 *
 * @see https://developer.hashicorp.com/consul/docs/reference/agent/configuration-file
 */
export class ConsulServer extends ConsulClusterBase {
  /** A datacenter that exists outside of the program. Machines of the program can join it, and Terraform can use it. */
  static fromConsulServerAttributes(scope: Construct, id: string, attributes: ConsulServerAttributes): IConsulCluster {
    return new ForeignConsul(scope, id, attributes);
  }

  /** Name of the datacenter. */
  readonly datacenter: string;
  /** URL of the first server's HTTP API. */
  readonly httpAddress: string;
  /** Installation of every agent of the cluster. @default - the one that the machine's backend offers */
  readonly install?: Installation;
  /** Installation of consul-template on directors and gateways that use the cluster. @default - the one that the machine's backend offers */
  readonly consulTemplate?: Installation;
  /** Version of the servers. */
  readonly version: string;
  private readonly profile: AgentProfile;
  private readonly servers: { readonly machine: IMachine; readonly address: string }[] = [];
  private readonly raftMultiplier?: number;
  private readonly snapshots?: Snapshots;
  /** Whether a further server was refused: it is not counted. */
  private isOneRefused = false;

  constructor(scope: Construct, id: string, props: ConsulServerProps) {
    super(scope, id);
    const { machine, advertiseAddress } = props;
    this.profile = props.profile ?? AgentProfile.CLUSTER;
    this.datacenter = props.datacenter ?? "dc1";
    const isSecured = this.profile === AgentProfile.PRODUCTION;
    const host = advertiseAddress ?? machine.address;
    this.httpAddress = isSecured ? `https://${host}:8501` : `http://${host}:8500`;
    if (isSecured) this._security = new ConsulSecurity(this, this.datacenter, props.operators);
    this.install = props.install;
    this.consulTemplate = props.consulTemplate;
    this.raftMultiplier = props.raftMultiplier;
    this.snapshots = props.snapshots;

    const validation = new Validation(this);
    validateAgentName(validation, "datacenter", props.datacenter);
    validateAdvertiseAddress(validation, machine, advertiseAddress);
    validation.integer("raftMultiplier", props.raftMultiplier, 1, 10, "1 is for fast machines, 5 for small ones");
    this.snapshots?._validate(validation);
    validation.add(...limitFailures("operators", props.operators, isSecured));
    this.version = this.addServer(validation, machine, advertiseAddress);
    checkAtSynth(this, () => (this.isOneRefused ? [] : serverCountProblems(this.servers.length, this.profile)));
  }

  /** Addresses of the servers, up to the time of reading. */
  get retryJoin(): readonly string[] {
    return this.servers.map(({ address }) => address);
  }

  /**
   * Makes further machines servers. With 3 servers the cluster survives the loss of one, with 5 of two. The dev profile has one server only, production at least three.
   */
  addServers(machines: readonly IMachine[]): void {
    for (const machine of machines) {
      const validation = new Validation(this);
      const servers = this.servers.map((server) => server.machine);
      validateFurtherServer(validation, this.profile, servers, machine);
      if (validation.passes()) this.addServer(validation, machine);
      else this.isOneRefused = true;
    }
  }

  /** @returns its version */
  private addServer(validation: Validation, machine: IMachine, advertiseAddress?: string): string {
    const installation = installationFor("consul", machine, this.install);
    installation._validate(validation);
    const passes = validation.passes();
    const address = advertiseAddress ?? machine.address;
    const isOnly = this._addAgent(this, machine, address);
    this.servers.push({ machine, address });
    if (!passes || !isOnly || isRefused(machine)) return installation.version;
    const installed = installation._of("consul");
    const { datacenter, profile, raftMultiplier } = this;
    const secured = this._security !== undefined;
    const agent = { nodeName: machine.name, datacenter, address, secured, server: { profile, raftMultiplier } };
    const security = this._security;
    if (security !== undefined) {
      machine.contribute(this, security._of(machine, "server", address));
      machine.contribute(this, () => security.access._ofServer(machine));
      limitAgent(this, machine, this);
    }
    const sources = (): ConsulSources | undefined =>
      security && {
        members: this._members,
        servers: this.servers.flatMap((server) => addressesOf(server.machine, server.address)),
        operators: security._operatorsOf(machine),
      };
    const peers = () => ({ retryJoin: this.retryJoin, bootstrapExpect: this.servers.length });
    machine.contribute(this, () => consulContribution(agent, peers(), installed, consulPorts(agent, sources())));
    if (this.snapshots !== undefined)
      machine.contribute(
        this,
        this.snapshots._of("consul", {
          command: `${installed.program} snapshot`,
          access: secured ? withToken(MANAGEMENT_TOKEN) : "",
        }),
      );
    return installed.version;
  }
}

/** What {@link ConsulServer.fromConsulServerAttributes} gives. */
class ForeignConsul extends ConsulClusterBase {
  readonly datacenter: string;
  readonly httpAddress: string;
  readonly retryJoin: readonly string[];
  readonly install?: Installation;
  readonly consulTemplate?: Installation;
  readonly version?: string;

  constructor(scope: Construct, id: string, attributes: ConsulServerAttributes) {
    super(scope, id);
    const validation = new Validation(this);
    validateHttpAddress(validation, attributes.address, "http://10.0.0.5:8500");
    validation.require(attributes.retryJoin.length > 0, {
      property: "retryJoin",
      rule: "must hold the address of at least one server",
      cure: "for example ['10.0.0.5']",
    });
    validateAgentName(validation, "datacenter", attributes.datacenter);
    validation.add(...versionFormFailures(attributes.version, "1.14.11"));
    validation.passes();
    this.datacenter = attributes.datacenter ?? "dc1";
    this.httpAddress = attributes.address;
    this.retryJoin = [...attributes.retryJoin];
    this.install = attributes.install;
    this.consulTemplate = attributes.consulTemplate;
    this.version = attributes.version ?? attributes.install?.version;
  }
}
