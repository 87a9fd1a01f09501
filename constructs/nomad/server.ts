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
import { addressesOf, IConsulCluster, securedFailures } from "../consul";
import { Contribution, IMachine } from "../machine";
import { checkAtSynth, isRefused, Validation } from "../private/validation";
import { isVersion, versionAtLeast, versionFormFailures } from "../private/version";
import { agentContribution } from "./agent";
import { NomadClient, NomadClientOptions } from "./client";
import { ClientAgent, DynamicPorts, INomadCluster, NOMADS_OWN_PORTS, validateDynamicPorts } from "./cluster";
import { nomadPeersText, nomadServerText } from "./render/agent";
import { NOMAD_OPERATOR } from "./render/security";
import { NOMAD_LEADER_READY } from "./render/unit";
import { NomadSecurity } from "./security";

/** Properties of a Nomad server. */
export interface NomadServerProps {
  /** Machine of the first server. */
  readonly machine: IMachine;
  /** The Consul datacenter. Every machine with a Nomad agent gets a local agent of it. */
  readonly consul: IConsulCluster;
  /**
   * Purpose of the cluster. The dev profile makes the machine a client, too. Its jobs may run programs as root and mount any path, as with
   * `nomad agent -dev`. The production profile needs a Consul with the same, at least three servers, and other machines for jobs.
   *
   * @default - AgentProfile.PRODUCTION if Consul has it, else AgentProfile.CLUSTER
   */
  readonly profile?: AgentProfile;
  /** Options that make the machine a client, too. @default - in the dev profile `{ rawExec: true }`, else it is no client */
  readonly client?: NomadClientOptions;
  /** Name of the region: lower-case letters, digits and hyphens. @default "global" */
  readonly region?: string;
  /** Name of the datacenter. @default - Consul's */
  readonly datacenter?: string;
  /** Range of host ports for jobs, within 1024 to 32767. @default { min: 20000, max: 32000 } */
  readonly dynamicPorts?: DynamicPorts;
  /** Address of the machine for other agents. @default - the machine's first address */
  readonly advertiseAddress?: string;
  /**
   * Factor that slows down elections, 1 to 10. 1 suits servers with their own disks and processors, 5 suits small machines.
   *
   * @default - in the production profile 5, else Nomad's own, which is 1
   */
  readonly raftMultiplier?: number;
  /** Snapshots that each server keeps of the cluster's state. @default - none */
  readonly snapshots?: Snapshots;
  /** Installation of every agent of the cluster. @default - the one that the machine's backend offers */
  readonly install?: Installation;
}

/** A Nomad cluster that exists outside of the program. */
export interface NomadServerAttributes {
  /** URL of its HTTP API: `http://10.0.0.5:4646`. */
  readonly address: string;
  /** The Consul datacenter that its servers are registered in. */
  readonly consul: IConsulCluster;
  /** Name of the region. @default "global" */
  readonly region?: string;
  /** Name of the datacenter. @default - Consul's */
  readonly datacenter?: string;
  /** Range of host ports for jobs. @default { min: 20000, max: 32000 } */
  readonly dynamicPorts?: DynamicPorts;
  /** Version of its oldest agent: `1.6.3`. Jobs are checked against it. @default - that of `install`, else not known: nothing is checked against it */
  readonly version?: string;
  /** Installation of clients that join it. @default - the one that the machine's backend offers */
  readonly install?: Installation;
}

/**
 * A Nomad server, and with {@link addServers} the other servers of its cluster. Servers and clients find each other through
 * Consul, so no addresses are configured.
 *
 * @see https://developer.hashicorp.com/nomad/docs/configuration/server
 */
export class NomadServer extends Construct implements INomadCluster {
  /** A cluster that exists outside of the program. Machines of the program can become its clients, and Terraform can run jobs on it. */
  static fromNomadServerAttributes(scope: Construct, id: string, attributes: NomadServerAttributes): INomadCluster {
    return new ForeignNomad(scope, id, attributes);
  }

  /** Name of the region. */
  readonly region: string;
  /** Name of the datacenter. */
  readonly datacenter: string;
  /** URL of the first server's HTTP API. */
  readonly httpAddress: string;
  /** Consul datacenter of its agents. */
  readonly consul: IConsulCluster;
  /** Range of host ports for jobs. */
  readonly dynamicPorts: DynamicPorts;
  /** Installation of every agent of the cluster. @default - the one that the machine's backend offers */
  readonly install?: Installation;
  /** @internal */
  readonly _security?: NomadSecurity;
  private readonly profile: AgentProfile;
  private readonly raftMultiplier?: number;
  private readonly snapshots?: Snapshots;
  private readonly servers: IMachine[] = [];
  private readonly serverAddresses: string[] = [];
  private readonly serverVersions: string[] = [];
  private readonly clientAgents = new Map<IMachine, ClientAgent>();
  /** Whether a further server was refused: it is not counted. */
  private isOneRefused = false;

  constructor(scope: Construct, id: string, props: NomadServerProps) {
    super(scope, id);
    const { machine, advertiseAddress, consul } = props;
    this.consul = consul;
    this.profile = props.profile ?? (consul._security ? AgentProfile.PRODUCTION : AgentProfile.CLUSTER);
    this.region = props.region ?? "global";
    this.datacenter = props.datacenter ?? consul.datacenter;
    const isSecured = this.profile === AgentProfile.PRODUCTION;
    this.httpAddress = `${isSecured ? "https" : "http"}://${advertiseAddress ?? machine.address}:4646`;
    if (isSecured && consul._security !== undefined)
      this._security = new NomadSecurity(this, this.region, consul._security);
    this.dynamicPorts = props.dynamicPorts ?? NOMADS_OWN_PORTS;
    this.install = props.install;
    this.raftMultiplier = props.raftMultiplier ?? (isSecured ? 5 : undefined);
    this.snapshots = props.snapshots;

    const validation = new Validation(this);
    validateAgentName(validation, "region", props.region);
    validateAgentName(validation, "datacenter", props.datacenter);
    validateAdvertiseAddress(validation, machine, advertiseAddress);
    validateDynamicPorts(validation, props.dynamicPorts);
    validation.integer("raftMultiplier", props.raftMultiplier, 1, 10, "1 is for fast machines, 5 for small ones");
    this.snapshots?._validate(validation);
    if (!isSecured) validation.add(...securedFailures(consul, "a Nomad cluster of another profile"));
    validation.require(!isSecured || isRefused(consul) || consul._security !== undefined, {
      property: "consul",
      rule: "must be a cluster with AgentProfile.PRODUCTION, too: Nomad finds its servers through it",
      got: consul.node.path,
      cure: "give it 'profile: AgentProfile.PRODUCTION', or leave Nomad's out",
    });
    this.addServer(validation, machine, advertiseAddress);
    checkAtSynth(this, () => (this.isOneRefused ? [] : serverCountProblems(this.servers.length, this.profile)));

    const dev = { rawExec: true, dockerVolumes: props.client?.docker };
    const client = this.profile === AgentProfile.DEV ? { ...dev, ...props.client } : props.client;
    if (client !== undefined)
      new NomadClient(this, machine.name, { advertiseAddress, ...client, machine, nomad: this });
  }

  /** Version of its oldest agent, up to the time of reading. */
  get version(): string | undefined {
    const versions = [...this.serverVersions, ...[...this.clientAgents.values()].map(({ version }) => version)].filter(
      isVersion,
    );
    return versions.find((version) => versions.every((other) => versionAtLeast(other, version)));
  }

  /** Machines on which jobs run, up to the time of reading. */
  get clients(): readonly IMachine[] {
    return [...this.clientAgents.keys()];
  }

  /**
   * Makes further machines servers. With 3 servers the cluster survives the loss of one, with 5 of two. The dev profile has one server only, production at least three.
   */
  addServers(machines: readonly IMachine[]): void {
    for (const machine of machines) {
      const validation = new Validation(this);
      validateFurtherServer(validation, this.profile, this.servers, machine);
      validation.require(!this.clientAgents.has(machine), {
        property: "addServers",
        rule: "can't make a server of a machine that is a client already",
        got: machine.name,
        cure: "add the server first, then the client",
      });
      if (validation.passes()) this.addServer(validation, machine);
      else this.isOneRefused = true;
    }
  }

  /**
   * Makes machines clients, on which jobs run. Each is a {@link NomadClient} with the machine's name as its id.
   *
   * @returns the clients in the order of the machines
   */
  addClients(machines: readonly IMachine[], options: NomadClientOptions = {}): NomadClient[] {
    return machines.map((machine) => new NomadClient(this, machine.name, { ...options, machine, nomad: this }));
  }

  /** @internal */
  get _members(): readonly string[] {
    const clients = [...this.clientAgents].flatMap(([machine, { address }]) => addressesOf(machine, address));
    return [...this.serverAddresses, ...clients];
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
    installation._validate(validation);
    this.servers.push(machine);
    if (!validation.passes() || isRefused(machine)) return;
    this.consul.ensureAgent(this, machine);
    const { region, datacenter } = this;
    const address = advertiseAddress ?? machine.address;
    this.serverAddresses.push(...addressesOf(machine, address));
    const security = this._security;
    const secured = security !== undefined;
    const agent = { nodeName: machine.name, region, datacenter, address, secured };
    const installed = installation._of("nomad");
    this.serverVersions.push(installed.version);
    const sources = () => security?._sourcesOf(machine, this);
    machine.contribute(this, () => agentContribution(agent, installed, this.clientAgents.get(machine), sources()));
    const peers = () => (secured ? this.serverAddresses : undefined);
    machine.contribute(this, () => serverContribution(this.servers.length, peers(), this.raftMultiplier));
    if (security !== undefined) {
      machine.contribute(this, security._ofServer(machine, address));
      security._limit(this, machine);
    }
    if (this.snapshots !== undefined)
      machine.contribute(
        this,
        this.snapshots._of("nomad", {
          command: `${secured ? `${NOMAD_OPERATOR} ` : ""}${installed.program} operator snapshot`,
          keys: "/var/lib/nomad/server/keystore",
        }),
      );
  }
}

/**
 * What makes the agent a server.
 *
 * @param peers addresses of a secured cluster's servers
 * @see https://developer.hashicorp.com/nomad/docs/configuration/server
 */
function serverContribution(
  servers: number,
  peers: readonly string[] | undefined,
  raftMultiplier: number | undefined,
): Contribution {
  const limits = peers && { from: peers };
  return {
    title: "Nomad server",
    files: [{ path: "/etc/nomad.d/server.hcl", content: nomadServerText(raftMultiplier) }],
    liveFiles: [{ path: "/etc/nomad.d/cluster.hcl", content: nomadPeersText(servers), reloads: "nomad.service" }],
    ports: [
      { protocol: "tcp", port: 4648, ...limits },
      { protocol: "udp", port: 4648, ...limits },
    ],
    // Its secrets come after the first boot.
    ready: peers === undefined ? [NOMAD_LEADER_READY] : [],
  };
}

/** What {@link NomadServer.fromNomadServerAttributes} gives. */
class ForeignNomad extends Construct implements INomadCluster {
  readonly region: string;
  readonly datacenter: string;
  readonly httpAddress: string;
  readonly consul: IConsulCluster;
  readonly dynamicPorts: DynamicPorts;
  readonly install?: Installation;
  readonly version?: string;
  private readonly machines: IMachine[] = [];

  constructor(scope: Construct, id: string, attributes: NomadServerAttributes) {
    super(scope, id);
    const { address, consul, region, datacenter, dynamicPorts } = attributes;
    const validation = new Validation(this);
    validateHttpAddress(validation, address, "http://10.0.0.5:4646");
    validateAgentName(validation, "region", region);
    validateAgentName(validation, "datacenter", datacenter);
    validateDynamicPorts(validation, dynamicPorts);
    validation.add(...versionFormFailures(attributes.version, "1.6.3"));
    validation.add(...securedFailures(consul, "a Nomad cluster that exists"));
    validation.passes();
    this.region = region ?? "global";
    this.datacenter = datacenter ?? consul.datacenter;
    this.httpAddress = address;
    this.consul = consul;
    this.dynamicPorts = dynamicPorts ?? NOMADS_OWN_PORTS;
    this.install = attributes.install;
    this.version = attributes.version ?? attributes.install?.version;
  }

  get clients(): readonly IMachine[] {
    return [...this.machines];
  }

  /** A secured one is refused. @internal */
  get _members(): readonly string[] {
    return [];
  }

  /** @internal */
  _isServer(): boolean {
    return false;
  }

  /** @internal */
  _addClient(machine: IMachine): void {
    this.machines.push(machine);
  }
}
