import { join } from "node:path";
import { Construct } from "constructs";
import {
  agentAccessModule,
  Installation,
  installationFor,
  validateAdvertiseAddress,
  validateAgentName,
} from "../agents";
import { Contribution, DockerEngine, IMachine, nodeProgram } from "../machine";
import { limitFailures } from "../packets";
import { FirstVersions, versionFailures } from "../private/first-versions";
import { isRefused, Validation } from "../private/validation";
import { isVersion } from "../private/version";
import { agentContribution } from "./agent";
import { INomadCluster } from "./cluster";
import { limitJobs } from "./job-ports";
import { NomadClientAgent, nomadClientText } from "./render/agent";
import { NOMAD_DRAIN, returnUnitText } from "./render/security";
import { CPU_PROGRAM, cpuProgramText, nomadClientReady } from "./render/unit";

/**
 * Network of a client, which a job's ports select by its name. Give either `cidr` or `interface`.
 *
 * @see https://developer.hashicorp.com/nomad/docs/configuration/client
 */
export interface HostNetwork {
  /** Network in CIDR form, one of the machine's. @default - the network of `interface` */
  readonly cidr?: string;
  /** Interface of the machine: `eth1`. @default - the interface of `cidr` */
  readonly interface?: string;
  /** Ports of the network that jobs don't get: `"22,80,8500-8600"`. @default - none */
  readonly reservedPorts?: string;
}

/** Options of a Nomad client. */
export interface NomadClientOptions {
  /** Installs Docker and enables its driver. @default false */
  readonly docker?: boolean;
  /** Whether jobs may mount any path of the machine into a container. @default false */
  readonly dockerVolumes?: boolean;
  /** Whether jobs may run programs as root without isolation. @default false */
  readonly rawExec?: boolean;
  /** Whether jobs may use bridge networks: installs CNI plugins, kernel modules and settings. @default - as `docker` */
  readonly bridge?: boolean;
  /** Networks that a job's ports can select by name, beside the default network. @default - none */
  readonly hostNetworks?: Readonly<Record<string, HostNetwork>>;
  /**
   * Addresses and networks that may open connections to the ports of jobs, IPv4 and IPv6: `["10.8.0.0/16"]`. These are the cluster's dynamic range
   * and the static ports of the program's jobs, however a job has them: by Docker's or CNI's port mapping, or in the machine's own network. Other
   * roles' ports, such as a `Gateway`'s, are not among them. Directors that follow the jobs' services, the machines of the Consul cluster and the
   * machine's own containers always may; an empty list is for these alone. Only with {@link AgentProfile.PRODUCTION}, whose machines have a
   * {@link Firewall}. Open TCP connections survive a change.
   *
   * @default - any source
   */
  readonly portClients?: readonly string[];
  /** Metadata that jobs can refer to: `${meta.rack}`. @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** Class of the client, to which constraints can refer. @default - none */
  readonly nodeClass?: string;
  /** Node pool of the client, from Nomad 1.6 on. @default "default" - Nomad's */
  readonly nodePool?: string;
  /** Speed of all processors together in MHz, 1 to 10000000. @default - the kernel's value, else 2000 for each processor */
  readonly cpuTotalCompute?: number;
  /** Address of the machine for other agents. Its interface is the default network of jobs. @default - the machine's first address */
  readonly advertiseAddress?: string;
  /** Installation of the agent. @default - that of the cluster's servers, else the one that the machine's backend offers */
  readonly install?: Installation;
}

/** Properties of a Nomad client. */
export interface NomadClientProps extends NomadClientOptions {
  /** Machine on which jobs will run. */
  readonly machine: IMachine;
  /** Cluster that the client joins. */
  readonly nomad: INomadCluster;
}

/**
 * A machine on which jobs run. A machine without a Consul agent gets one. Nomad's agent starts when the Consul agent knows a
 * leader, and finds its servers through it.
 *
 * @see https://developer.hashicorp.com/nomad/docs/configuration/client
 */
export class NomadClient extends Construct {
  /** Machine on which jobs run. */
  readonly machine: IMachine;

  constructor(scope: Construct, id: string, props: NomadClientProps) {
    super(scope, id);
    const { machine, nomad, docker = false } = props;
    this.machine = machine;
    const installation = installationFor("nomad", machine, props.install ?? nomad.install);
    const isClient = nomad.clients.includes(machine);
    const passes = this.validate(props, installation);
    const address = props.advertiseAddress ?? machine.address;
    if (!passes || isRefused(nomad, machine)) {
      const { version } = installation;
      if (!isClient)
        nomad._addClient(machine, { docker, detectsCpu: props.cpuTotalCompute === undefined, version, address });
      return;
    }

    nomad.consul.ensureAgent(this, machine);
    if (docker) new DockerEngine(this, "docker", { machine });
    const bridge = (props.bridge ?? docker) ? bridgeNetwork(machine) : undefined;
    if (bridge) machine.contribute(this, bridge.contribution);

    const installed = installation._of("nomad");
    const unit = { docker, detectsCpu: props.cpuTotalCompute === undefined, version: installed.version, address };
    nomad._addClient(machine, unit);
    // Server and client of one machine are one agent, which is then the server's.
    const security = nomad._security;
    if (!nomad._isServer(machine)) {
      const { region, datacenter } = nomad;
      const agent = { nodeName: machine.name, region, datacenter, address, secured: security !== undefined };
      const contribution = () => agentContribution(agent, installed, unit, security?._sourcesOf(machine, nomad));
      // The machines of a secured cluster are known at synth only.
      machine.contribute(this, security === undefined ? contribution() : contribution);
    }
    if (security !== undefined) {
      machine.contribute(this, security._ofClient(machine, address, nomad));
      security._limit(this, machine);
      if (props.portClients !== undefined) limitJobs(this, machine, nomad, props.portClients);
    }
    const client = {
      interface: machine.addresses.find((each) => each.address === address)?.interface ?? "eth0",
      dynamicPorts: nomad.dynamicPorts,
      cpuTotalCompute: props.cpuTotalCompute,
      cniPath: bridge?.cniPath,
      nodeClass: props.nodeClass,
      nodePool: props.nodePool,
      meta: props.meta ?? {},
      hostNetworks: props.hostNetworks ?? {},
      docker,
      dockerVolumes: props.dockerVolumes ?? false,
      rawExec: props.rawExec ?? false,
    };
    machine.contribute(this, clientContribution(client, unit.detectsCpu));
    machine.contribute(this, security === undefined ? drainWithNomad(client, installed.program) : drainByIdentity());
  }

  private validate(props: NomadClientProps, installation: Installation): boolean {
    const { machine, nomad, nodePool } = props;
    const validation = new Validation(this);
    validation.require(!nomad.clients.includes(machine), {
      property: "machine",
      rule: "can't be a client twice",
      got: machine.name,
      cure: "leave one of the two out",
    });
    validation.require(nomad._security === undefined || !nomad._isServer(machine), {
      property: "machine",
      rule: "can't be a server, too, with AgentProfile.PRODUCTION: a job that breaks out of its container would have the servers' keys",
      got: machine.name,
      cure: "run jobs on other machines",
    });
    validation.require(props.dockerVolumes !== true || props.docker === true, {
      property: "dockerVolumes",
      rule: "can't be set without Docker",
      cure: "add 'docker: true'",
    });
    validation.add(...limitFailures("portClients", props.portClients, nomad._security !== undefined));
    validateAdvertiseAddress(validation, machine, props.advertiseAddress);
    for (const [name, network] of Object.entries(props.hostNetworks ?? {}))
      validateHostNetwork(validation, machine, name, network);
    validateAgentName(validation, "nodePool", nodePool);
    if (props.install !== undefined || !isRefused(nomad)) installation._validate(validation);
    const used = nodePool === undefined ? [] : [{ key: "nodePool", property: "nodePool", value: nodePool }];
    const version = isVersion(installation.version) ? installation.version : undefined;
    validation.add(...versionFailures({ program: "Nomad", version }, CLIENT_OPTIONS, used));
    validation.integer("cpuTotalCompute", props.cpuTotalCompute, 1, 10_000_000, "4000 stands for two slow processors");
    return validation.passes();
  }
}

/** Options of a client's agent, which does not start with one that it does not know. */
const CLIENT_OPTIONS: FirstVersions = { nodePool: "1.6.0" };

function validateHostNetwork(validation: Validation, machine: IMachine, name: string, network: HostNetwork): void {
  const { cidr, interface: nic } = network;
  const property = `hostNetworks.${name}`;
  const nics = [...new Set(machine.addresses.map((each) => each.interface))];
  const subnets = [...new Set(machine.addresses.map(({ subnet }) => subnet))];
  const one = (cidr === undefined) !== (nic === undefined);
  validation.require(one, {
    property,
    rule: "must have either 'cidr' or 'interface'",
    got: network,
    cure: `for example { interface: "${nics[0] ?? "eth0"}" }`,
  });
  validation.require(!one || (cidr === undefined ? nics.includes(nic ?? "") : subnets.includes(cidr)), {
    property,
    rule: `must be a network of ${machine.name}`,
    got: cidr ?? nic,
    cure: `choose one of ${[...nics, ...subnets].join(", ")}`,
  });
}

/** @see https://developer.hashicorp.com/nomad/docs/commands/node/drain */
const DRAIN_DEADLINE = "2m";

/** Mark beside the node's identity: the drain was no operator's. */
const DRAINED = "/var/lib/nomad/drained-before-removal";

/** What makes the agent a client. @see https://developer.hashicorp.com/nomad/docs/configuration/client */
function clientContribution(client: NomadClientAgent, detectsCpu: boolean): Contribution {
  return {
    title: "Nomad client",
    files: [
      { path: "/etc/nomad.d/client.hcl", content: nomadClientText(client) },
      ...(detectsCpu ? [{ path: CPU_PROGRAM, content: cpuProgramText, mode: "0755" }] : []),
    ],
  };
}

/** Before its removal, its jobs move to other clients; what finds no place there ends after a time. */
function drainWithNomad({ docker, rawExec }: NomadClientAgent, program: string): Contribution {
  return {
    beforeRemoval: {
      withdraw: [`touch ${DRAINED}`, `${program} node drain -self -enable -yes -deadline ${DRAIN_DEADLINE}`],
    },
    ready: [
      // A host that exists keeps its node and that node's drain when it is set up again.
      `[ ! -e ${DRAINED} ] || { ${program} node eligibility -self -enable && rm ${DRAINED}; }`,
      nomadClientReady(program, [...(docker ? ["docker"] : []), ...(rawExec ? ["raw_exec"] : [])]),
    ],
  };
}

/** The same where Nomad wants a token: by the client's own identity. Its secrets come after the first boot, so that waits for nothing. */
function drainByIdentity(): Contribution {
  return {
    files: [agentAccessModule(), nodeProgram("nomad-drain", join(__dirname, "programs", "nomad-drain.py"))],
    units: [{ name: "vipstack-nomad-return.service", content: returnUnitText, wait: false }],
    beforeRemoval: { withdraw: [`${NOMAD_DRAIN} out`] },
  };
}

/** What bridge networks of jobs need of a machine, and the path of their CNI plugins. */
interface BridgeNetwork {
  readonly cniPath: string;
  readonly contribution: Contribution;
}

const VENDOR_FOLDER = "/opt/cni/bin";

/**
 * Bridge networks: packets between containers pass the machine's firewall, where port mappings live. The plugins are those
 * that the backend offers, else Debian's.
 *
 * @see https://developer.hashicorp.com/nomad/docs/networking/cni
 */
function bridgeNetwork(machine: IMachine): BridgeNetwork {
  const offered = machine.software("cni-plugins");
  const plugins: Contribution =
    offered === undefined
      ? { packages: ["containernetworking-plugins"] }
      : { downloads: [{ url: offered.url, sha256: offered.sha256, path: VENDOR_FOLDER, unpack: "tar.gz" }] };
  const reason = "the port mappings of bridge networks are firewall rules";
  return {
    cniPath: offered === undefined ? "/usr/lib/cni" : VENDOR_FOLDER,
    contribution: {
      ...plugins,
      kernelModules: ["bridge", "br_netfilter"],
      sysctls: [
        ...["arptables", "ip6tables", "iptables"].map((table) => ({
          key: `net.bridge.bridge-nf-call-${table}`,
          value: "1",
          reason,
        })),
        { key: "net.ipv4.ip_forward", value: "1", reason: "packets pass through" },
      ],
    },
  };
}
