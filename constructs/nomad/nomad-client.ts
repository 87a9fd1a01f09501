import { Construct } from "constructs";
import { addressFailures, Installation, installationFor, nameFailures } from "../consul";
import { DockerEngine, IMachine } from "../machine";
import { versionFailures } from "../private/first-versions";
import { Validation } from "../private/validation";
import { bridgeNetwork } from "./bridge-network";
import { HostNetwork } from "./nomad-agent-text";
import { hostNetworkFailures } from "./nomad-checks";
import { INomadCluster } from "./nomad-cluster";
import { agentContribution, clientContribution } from "./nomad-end";
import { CLIENT_OPTIONS } from "./nomad-versions-rules";

export interface NomadClientOptions {
  /** Brings Docker and its driver. @default false */
  readonly docker?: boolean;
  /** Jobs may mount any path of the machine into a container. @default false */
  readonly dockerVolumes?: boolean;
  /** Jobs may run programs as root without any wall. @default false */
  readonly rawExec?: boolean;
  /** Bridge networks for jobs: CNI plugins, kernel modules and settings. @default - as `docker` */
  readonly bridge?: boolean;
  /** Networks that a job's ports can ask for by name, beside the default one. @default - none */
  readonly hostNetworks?: Readonly<Record<string, HostNetwork>>;
  /** Facts that jobs can ask for: `${meta.rack}`. @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** @default - none */
  readonly nodeClass?: string;
  /** @default - Nomad's pool "default" */
  readonly nodePool?: string;
  /** MHz of all processors together. @default - what the kernel reports, and 2000 for each where it reports nothing */
  readonly cpuTotalCompute?: number;
  /** The address of the machine that other agents reach it by; its interface is the jobs' default network. @default - the machine's first */
  readonly advertiseAddress?: string;
  /** @default - as the cluster's servers, else what the machine's backend offers */
  readonly install?: Installation;
}

export interface NomadClientProps extends NomadClientOptions {
  readonly machine: IMachine;
  readonly nomad: INomadCluster;
}

/**
 * A machine on which jobs run. It gets a local Consul agent where it has none; Nomad's agent starts once that one knows a
 * leader, and finds its servers through it.
 *
 * @see https://developer.hashicorp.com/nomad/docs/configuration/client
 */
export class NomadClient extends Construct {
  readonly machine: IMachine;

  constructor(scope: Construct, id: string, props: NomadClientProps) {
    super(scope, id);
    const { machine, nomad, docker = false } = props;
    this.machine = machine;
    const installation = this.check(props);
    if (installation === undefined) return;

    nomad.consul.ensureAgent(this, machine);
    if (docker) new DockerEngine(this, "docker", { machine });
    const bridge = (props.bridge ?? docker) ? bridgeNetwork(machine) : undefined;
    if (bridge) machine.contribute(this, bridge.contribution);

    const installed = installation._of("nomad");
    const address = props.advertiseAddress ?? machine.address;
    const unit = { docker, detectsCpu: props.cpuTotalCompute === undefined, version: installation.version };
    nomad._addClient(machine, unit);
    // Server and client of one machine are one agent, which is then the server's.
    if (!nomad._isServer(machine)) {
      const { region, datacenter } = nomad;
      machine.contribute(
        this,
        agentContribution({ nodeName: machine.name, region, datacenter, address }, installed, unit),
      );
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
    machine.contribute(this, clientContribution(client, installed.program, unit.detectsCpu));
  }

  private check(props: NomadClientProps): Installation | undefined {
    const { machine, nomad } = props;
    const installation = installationFor("nomad", machine, props.install ?? nomad.install);
    const validation = new Validation(this);
    validation.require(!nomad.clients.includes(machine), {
      property: "machine",
      rule: "can't be a client twice",
      got: machine.name,
      cure: "leave one of the two out",
    });
    validation.require(props.dockerVolumes !== true || props.docker === true, {
      property: "dockerVolumes",
      rule: "can't be set without Docker",
      cure: "add 'docker: true'",
    });
    validation.add(
      ...addressFailures(machine, props.advertiseAddress),
      ...hostNetworkFailures(machine, props.hostNetworks ?? {}),
      ...nameFailures("nodePool", props.nodePool),
      ...(installation instanceof Installation ? [] : installation),
    );
    if (installation instanceof Installation) {
      const running = { program: "Nomad", version: installation.version };
      const used =
        props.nodePool === undefined ? [] : [{ key: "nodePool", property: "nodePool", value: props.nodePool }];
      validation.add(...versionFailures(running, CLIENT_OPTIONS, used));
    }
    validation.integer("cpuTotalCompute", props.cpuTotalCompute, 1, 10_000_000, "4000 stands for two slow processors");
    validation.finish();
    return installation instanceof Installation ? installation : undefined;
  }
}
