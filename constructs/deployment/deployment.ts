import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { Gateway, MachineGateway, RouteRow } from "../apisix";
import { AGENT_TOKEN, consulClusters } from "../consul";
import { Director, VirtualService } from "../lvs";
import { IBackend, IMachine, LocalCommand, Machine, MachineAccess } from "../machine";
import { writeAtSynth } from "../private/synth-files";
import { GeneratedSecret, SecretDescription } from "../secrets";
import { drawTopology, surveyTopology } from "../topology";
import { MachineContents, machineContents } from "./machine-contents";
import { keepStateIn, protectStateFolder } from "./state-folder";

/** The file beside the stack's JSON. */
export const DEPLOYMENT_FILE = "deployment.json";

/** Beside it: how requests go through the machines, as data and as a picture. */
export const TOPOLOGY_FILE = "topology.json";
export const TOPOLOGY_PICTURE = "topology.svg";

/** Properties of a deployment. */
export interface DeploymentProps {
  /** Name of the deployment, as `vipstack up` shows it. */
  readonly name: string;
  /** Backend of the machines. */
  readonly backend: IBackend;
  /**
   * Folder of its state: the lab's, logs, and Terraform's, if the stack has no Terraform backend yet. Synth makes it, readable for its
   * owner only.
   */
  readonly stateFolder: string;
  /** Machine from which `vipstack up` sends requests to check that the virtual services answer. @default - it sends none */
  readonly client?: IMachine;
}

/**
 * Describes a stack of machines to `vipstack up` and `vipstack down`: machines, access to them, virtual services, gateways. One for each
 * stack; it makes no resource. It also writes a picture of the deployment, `topology.svg`, beside the stack's JSON.
 */
export class Deployment extends Construct {
  constructor(scope: Construct, id: string, props: DeploymentProps) {
    super(scope, id);
    keepStateIn(props.stateFolder, TerraformStack.of(this));
    writeAtSynth(
      this,
      () => {
        const topology = surveyTopology(TerraformStack.of(this), props.name, props.client);
        return {
          [DEPLOYMENT_FILE]: jsonText(this.describe(props)),
          [TOPOLOGY_FILE]: jsonText(topology),
          [TOPOLOGY_PICTURE]: drawTopology(topology).svg,
        };
      },
      () => {
        protectStateFolder(props.stateFolder);
      },
    );
  }

  private describe({ name, backend, stateFolder, client }: DeploymentProps): DeploymentDescription {
    const stack = TerraformStack.of(this);
    const all = stack.node.findAll();
    const secrets = GeneratedSecret._below(stack);
    const clusters = consulClusters(stack.node.root);
    return {
      name,
      stack: stack.node.id,
      stateFolder,
      access: backend.access ?? {},
      client: client?.name,
      machines: all
        .filter((each) => Machine.isMachine(each))
        .map((machine) => ({
          name: machine.name,
          addresses: machine.addresses.map(({ address }) => address),
          roles: machine.model.titles,
          shell: runFromAnywhere(machine.shell),
          ...(clusters.has(machine) && { consulCluster: clusters.get(machine) }),
          ...(machine.model.secrets.some(({ path }) => path === AGENT_TOKEN) && { consulToken: AGENT_TOKEN }),
          contents: machineContents(machine),
        })),
      virtualServices: all
        .filter((each) => Director.isDirector(each))
        .flatMap((director) => director.virtualServices.map((service) => describeService(director, service))),
      // A gateway that is a job is in another stack than its machines.
      gateways: stack.node.root.node
        .findAll()
        .filter(isGateway)
        .filter(({ machines }) => machines.some((machine) => all.includes(machine)))
        .map((gateway) => describeGateway(gateway)),
      ...(secrets.length > 0 && { secrets }),
    };
  }
}

/** Content of {@link DEPLOYMENT_FILE}. */
export interface DeploymentDescription {
  /** Name of the deployment. */
  readonly name: string;
  /** Name of the stack. */
  readonly stack: string;
  /** Folder of the deployment's state. */
  readonly stateFolder: string;
  /** Means of access to the machines. */
  readonly access: MachineAccess;
  /** Machine from which requests are sent. @default - none are sent */
  readonly client?: string;
  /** The machines of the stack. */
  readonly machines: readonly DeployedMachine[];
  /** The virtual services of all directors. */
  readonly virtualServices: readonly VirtualServiceDescription[];
  /** The gateways of the stack. */
  readonly gateways: readonly GatewayDescription[];
  /** Secrets that `vipstack up` makes, each after those it is made of. @default - none */
  readonly secrets?: readonly SecretDescription[];
}

/** An instance of a gateway in the description of a deployment. */
export interface GatewayInstanceDescription {
  /** Name of its machine. */
  readonly machine: string;
  /** URL that answers with 200 once the instance has its routes. */
  readonly ready: string;
  /** Command on its machine that succeeds once the running instance is the deployed one. @default - it is so at once */
  readonly settled?: string;
}

/** A gateway in the description of a deployment. */
export interface GatewayDescription {
  /** Name of the gateway in Consul. */
  readonly name: string;
  /** Its instances, one on each of its machines. */
  readonly instances: readonly GatewayInstanceDescription[];
  /** Whether it is a Nomad job; otherwise it is a unit on its machines. */
  readonly job: boolean;
  /** Routes that the program gives it; empty if its Admin API does. */
  readonly routes: readonly RouteRow[];
  /** Port of its Admin API on the loopback of its machines. @default - it has no Admin API */
  readonly adminPort?: number;
  /** Port of its control API on the loopback of its machines. @default - it has no Admin API */
  readonly controlPort?: number;
}

/** A machine in the description of a deployment. */
export interface DeployedMachine {
  /** Host name. */
  readonly name: string;
  /** Addresses without prefix length. */
  readonly addresses: readonly string[];
  /** Roles of the machine, as text; a director's virtual services are listed beside it. */
  readonly roles: readonly string[];
  /** Runs the shell script on its standard input on the machine, as root. */
  readonly shell: LocalCommand;
  /** Path of the construct whose Consul cluster its agent belongs to: `machines/consul`. @default - it has no agent */
  readonly consulCluster?: string;
  /** File on the machine with the token of its Consul agent. @default - the agent answers without one */
  readonly consulToken?: string;
  /** What the program brings to it. @default - an earlier release described it */
  readonly contents?: MachineContents;
}

/** A virtual service in the description of a deployment. */
export interface VirtualServiceDescription {
  /** Name of the director's machine. */
  readonly director: string;
  /** Kernel mechanism of the director. */
  readonly plane: string;
  /** The VIP. */
  readonly address: string;
  /** Port that clients connect to. */
  readonly port: number;
  /** Transport protocol. */
  readonly protocol: string;
  /** Networks in CIDR form that may open connections. @default - any source */
  readonly clients?: readonly string[];
}

/** The command line runs it in another folder than Terraform. */
function runFromAnywhere({ command, environment, paths }: LocalCommand): LocalCommand {
  const all = { ...environment, ...paths };
  return { command, ...(Object.keys(all).length > 0 && { environment: all }) };
}

function describeService(director: Director, service: VirtualService): VirtualServiceDescription {
  return {
    director: director.machine.name,
    plane: director.plane,
    address: service.address,
    port: service.port,
    protocol: service.protocol,
    ...(service.clients && { clients: service.clients }),
  };
}

function describeGateway(gateway: Gateway | MachineGateway): GatewayDescription {
  const { name, machines, routes, adminPort, controlPort } = gateway;
  return {
    name,
    instances: machines.map((machine) => ({
      machine: machine.name,
      ready: gateway.readyUrl(machine),
      ...(gateway.settled !== undefined && { settled: gateway.settled }),
    })),
    job: Gateway.isGateway(gateway),
    routes,
    // Its routes are known to APISIX alone.
    ...(adminPort !== undefined && { adminPort, controlPort }),
  };
}

function isGateway(construct: unknown): construct is Gateway | MachineGateway {
  return Gateway.isGateway(construct) || MachineGateway.isMachineGateway(construct);
}

function jsonText(what: object): string {
  return `${JSON.stringify(what, null, 2)}\n`;
}
