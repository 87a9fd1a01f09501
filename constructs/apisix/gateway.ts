import { dependable, Fn, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { gatewayRules } from "../consul";
import { Contribution, IMachine } from "../machine";
import { INomadCluster, Job } from "../nomad";
import { describeFailure, Failure } from "../private/failure";
import { isMarked, mark } from "../private/mark";
import { providerBinding } from "../private/provider";
import { checkAtSynth, isRefused, refuse } from "../private/validation";
import { ForeignGateway, GatewayAttributes } from "./foreign-gateway";
import { GatewayBase, IGateway, USUAL_HTTPS_PORT } from "./gateway-base";
import { CLIENT_ADDRESS, gatewayJob, IN_ALLOCATION, SECURED, secretsPath, TOKEN_ITEM, tokenPath } from "./gateway-job";
import { clientFailures, gatewayMemory, gatewayPorts, lowPorts } from "./gateway-ports";
import { allSecrets, GatewayOptions } from "./gateway-settings";

/** Properties of a gateway on Nomad. */
export interface GatewayProps extends GatewayOptions {
  /** The Nomad cluster that runs it. The gateway uses the cluster's Consul. */
  readonly nomad: INomadCluster;
  /** Clients on which it runs. @default - all clients of the node pool */
  readonly clients?: readonly IMachine[];
  /**
   * Addresses and networks that may open connections to `httpPort`, `httpsPort` and `streamPorts`, IPv4 and IPv6: `["10.8.0.0/16"]`. It is what
   * `clients` is of a {@link MachineGateway}; that name has another meaning here. Directors in front that take the client's place (SNAT) and the
   * machines of the Consul cluster always may; an empty list is for these alone. Only with {@link AgentProfile.PRODUCTION}, whose machines have a
   * {@link Firewall}. UDP ports have to be below 32768.
   *
   * @default - any source
   */
  readonly portClients?: readonly string[];
  /** Nomad node pool in which it runs. @default "default" - Nomad's */
  readonly nodePool?: string;
}

/**
 * APISIX as a Nomad system job: one instance on every client, in the client's network. Its routes are in Consul's key/value store, so a
 * changed route reaches the running gateways without replacing an allocation.
 *
 * Put it into a stack with a Nomad provider, and its routes into a stack with a Consul provider.
 *
 * @see https://apisix.apache.org/docs/apisix/deployment-modes/
 */
export class Gateway extends GatewayBase {
  /** Whether something is a gateway on Nomad clients. */
  static isGateway(x: unknown): x is Gateway {
    return isMarked(x, "Gateway");
  }

  /** A gateway that exists outside of the program and reads its routes from its own folder in Consul's key/value store. */
  static fromGatewayAttributes(scope: Construct, id: string, attributes: GatewayAttributes): IGateway {
    return new ForeignGateway(scope, id, attributes);
  }

  private readonly props: GatewayProps;

  constructor(scope: Construct, id: string, props: GatewayProps) {
    super(scope, id, props.nomad.consul, props, propFailures(props));
    mark(this, "Gateway");
    this.props = props;
    if (isRefused(this)) return;
    for (const machine of this.machines) {
      machine.wantImage(this.settings.image);
      const part = (): Contribution => ({
        title: `APISIX gateway ${this.name}`,
        memoryMiB: gatewayMemory(this.settings),
        sysctls: lowPorts(this.settings, []),
        ports: gatewayPorts(this.settings, {
          privateStatus: props.nomad._security !== undefined,
          from: this.openTo(props.portClients, machine),
        }),
      });
      // Who is in front, and which machines the cluster has, is known at synth only.
      machine.contribute(this, props.portClients === undefined ? part() : part);
    }
    const token = this.giveToken();
    const secrets = allSecrets(props);
    const hasSecrets = Object.keys(secrets).length > 0;
    const options = gatewayJob({
      settings: this.settings,
      host: this.hostAt(CLIENT_ADDRESS, token ? SECURED : IN_ALLOCATION),
      documents: this.documents,
      clients: props.clients?.map(({ name }) => name),
      nodePool: props.nodePool,
      ...(hasSecrets && { secretsMark: markOf(secrets) }),
    });
    const variable = hasSecrets
      ? new (providerBinding(this, "@cdktf/provider-nomad/lib/variable").Variable)(this, "secrets", {
          path: secretsPath(this.name),
          items: secrets,
        })
      : undefined;
    const job = new Job(this, "Default", { ...options, nomad: props.nomad });
    checkAtSynth(this, () => this.redirectFailures().map(describeFailure));
    const resource = job.node.defaultChild as TerraformResource | undefined;
    // cdktf knows of no dependencies but those of resources.
    if (variable !== undefined && resource !== undefined) resource.dependsOn = [dependable(variable)];
  }

  /** The token for Consul, where it wants one. The routes are rendered by Nomad's client, with its own. @returns whether there is one */
  private giveToken(): boolean {
    const { nomad } = this.props;
    const access = nomad.consul._security?.access;
    if (access === undefined || nomad._security === undefined) return false;
    const token = access.grant(`gateway-${this.name}`, () => gatewayRules(undefined));
    nomad._security.give(tokenPath(this.name), { [TOKEN_ITEM]: token });
    return true;
  }

  /** Accepts only its own ports, because a job's ports are fixed when it is made. Another port is an error at synth. */
  override listenOn(port: number): void {
    if (port === this.settings.httpPort || port === this.settings.httpsPort) return;
    refuse(this, [
      {
        property: "httpPort",
        rule: `must be the virtual service's own port ${port}, which direct routing and tunneling keep`,
        got: this.settings.httpPort,
        cure: `give ${this.node.path} httpPort: ${port}, or use ForwardingMethod.masquerading({ snat: true })`,
      },
    ]);
  }

  /** The same of a redirect to https: a virtual service may be made after the job. */
  private redirectFailures(): Failure[] {
    const port = this.clientsHttpsPort;
    const said = this.settings.pluginAttributes.redirect?.httpsPort;
    if (said !== undefined || port === undefined || port === USUAL_HTTPS_PORT) return [];
    const property = "pluginAttributes.redirect.httpsPort";
    const rule = `must be ${port}, by which a director's clients reach httpsPort, or a redirect to https leads them elsewhere`;
    return [{ property, rule, cure: `give pluginAttributes: { redirect: { httpsPort: ${port} } }` }];
  }

  /** Nomad clients on which it runs, up to the time of reading. */
  override get machines(): readonly IMachine[] {
    return this.props.clients ?? this.props.nomad.clients;
  }
}

function propFailures({ clients, portClients, nomad, streamPorts }: GatewayProps): Failure[] {
  const limits = clientFailures("portClients", portClients, nomad._security !== undefined, streamPorts?.udp);
  if (clients?.length !== 0) return limits;
  return [{ property: "clients", rule: "must hold at least one", cure: "leave it out for all clients" }, ...limits];
}

/** Eight digits of a hash: enough to see a change by, and no more of the secrets than that. */
function markOf(secrets: Readonly<Record<string, string>>): string {
  const sum: string = Fn.sha256(Fn.jsonencode(secrets));
  return Fn.substr(Fn.nonsensitive(sum) as string, 0, 8);
}
