import { dependable, Fn, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { IMachine } from "../machine";
import { INomadCluster, Job } from "../nomad";
import { describeFailure, Failure } from "../private/failure";
import { providerBinding } from "../private/provider";
import { Validation, ValidationError } from "../private/validation";
import { IGateway } from "./gateway-end";
import { ForeignGatewayAttributes, foreignGateway } from "./foreign-gateway";
import { GatewayBase, USUAL_HTTPS_PORT } from "./gateway-base";
import { CLIENT_ADDRESS, gatewayJob, IN_ALLOCATION, secretsPath } from "./gateway-job";
import { lowPorts } from "./low-ports";
import { allSecrets, GatewayOptions } from "./gateway-options";

export interface GatewayProps extends GatewayOptions {
  /** The cluster that runs it, and whose Consul it asks. */
  readonly nomad: INomadCluster;
  /** Clients that it is to run on, and no others. @default - all clients of the node pool */
  readonly clients?: readonly IMachine[];
  /** @default "default" - Nomad's */
  readonly nodePool?: string;
}

/**
 * APISIX without etcd as a Nomad system job: one on every client, in the client's own network. Its routes are in Consul's
 * key/value store; a change of one reaches the running gateways, and no allocation changes.
 *
 * It belongs into a stack with a Nomad provider, its routes into one with a Consul provider.
 *
 * @see https://apisix.apache.org/docs/apisix/deployment-modes/
 */
export class Gateway extends GatewayBase {
  /** A gateway that others run, which reads its routes from Consul's key/value store as one of this library does. */
  static fromAttributes(scope: Construct, id: string, attributes: ForeignGatewayAttributes): IGateway {
    return foreignGateway(scope, id, attributes);
  }

  private readonly props: GatewayProps;

  constructor(scope: Construct, id: string, props: GatewayProps) {
    super(scope, id, props.nomad.consul, props);
    this.props = props;
    const validation = new Validation(this);
    validation.require(props.clients?.length !== 0, {
      property: "clients",
      rule: "must hold at least one",
      cure: "leave it out for all clients",
    });
    validation.finish();
    for (const machine of this.machines) {
      machine.wantImage(this.settings.image);
      machine.contribute(this, { title: `APISIX gateway ${this.name}`, sysctls: lowPorts(this.settings, []) });
    }
    const secrets = allSecrets(props);
    const spec = {
      settings: this.settings,
      place: this.place(CLIENT_ADDRESS, IN_ALLOCATION),
      documents: this.documents,
      clients: props.clients?.map(({ name }) => name),
      nodePool: props.nodePool,
      ...(Object.keys(secrets).length > 0 && { secretsMark: markOf(secrets) }),
    };
    const variable =
      Object.keys(secrets).length === 0
        ? undefined
        : new (providerBinding(this, "@cdktf/provider-nomad/lib/variable").Variable)(this, "secrets", {
            path: secretsPath(this.name),
            items: secrets,
          });
    const job = new Job(this, "Default", { ...gatewayJob(spec), nomad: props.nomad });
    this.node.addValidation({ validate: () => this.redirectFailures().map(describeFailure) });
    // cdktf knows of no dependencies but those of resources.
    if (variable !== undefined) (job.node.defaultChild as TerraformResource).dependsOn = [dependable(variable)];
  }

  /** A job's ports are settled when it is made. @internal */
  override _listenOn(port: number): void {
    if (port === this.settings.httpPort || port === this.settings.httpsPort) return;
    throw new ValidationError(this, [
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

  get machines(): readonly IMachine[] {
    return this.props.clients ?? this.props.nomad.clients;
  }
}

/** Eight digits of a hash: enough to see a change by, and no more of the secrets than that. */
function markOf(secrets: Readonly<Record<string, string>>): string {
  const sum: string = Fn.sha256(Fn.jsonencode(secrets));
  return Fn.substr(Fn.nonsensitive(sum) as string, 0, 8);
}
