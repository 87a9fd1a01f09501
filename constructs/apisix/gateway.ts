import { dependable, Fn, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { gatewayRules } from "../consul";
import { IMachine } from "../machine";
import {
  ChangeMode,
  Check,
  ConstraintOptions,
  INomadCluster,
  Job,
  JobOptions,
  JobType,
  PortMappings,
  TemplateOptions,
} from "../nomad";
import { describeFailure, Failure } from "../private/failure";
import { isMarked, mark } from "../private/mark";
import { providerBinding } from "../private/provider";
import { checkAtSynth, isRefused, refuse } from "../private/validation";
import { ForeignGateway, GatewayAttributes } from "./foreign-gateway";
import { GatewayBase, IGateway, USUAL_HTTPS_PORT } from "./gateway-base";
import { gatewayMemory, gatewayPorts, lowPorts } from "./gateway-ports";
import { allSecrets, GatewayOptions, GatewaySettings } from "./gateway-settings";
import { metricsAddress } from "./plugins/attributes";
import {
  CONSUL_TOKEN,
  consulTokenHook,
  GatewayHost,
  renderGatewayConfig,
  WHEN_EMPTY,
  whenEmptyHook,
} from "./render/config";
import { DOCUMENT_WAIT, renderDocumentTemplate } from "./render/document";
import { renderStartScript } from "./render/start";

/** The same folders in the container that Nomad starts. */
const IN_ALLOCATION = { config: "/local", document: "/local", dump: "/alloc/data" } as const;

/** The file with the token for Consul, in the task's folder in memory. */
const TOKEN = "secrets/consul-token";
const TOKEN_ITEM = "token";

/** The client's address, in the words of the configuration's template. */
const CLIENT_ADDRESS = '[[ env "NOMAD_IP_http" ]]';

/** Properties of a gateway on Nomad. */
export interface GatewayProps extends GatewayOptions {
  /** The Nomad cluster that runs it. The gateway uses the cluster's Consul. */
  readonly nomad: INomadCluster;
  /** Clients on which it runs. @default - all clients of the node pool */
  readonly clients?: readonly IMachine[];
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
    super(scope, id, props.nomad.consul, props, clientFailures(props));
    mark(this, "Gateway");
    this.props = props;
    if (isRefused(this)) return;
    for (const machine of this.machines) {
      machine.wantImage(this.settings.image);
      machine.contribute(this, {
        title: `APISIX gateway ${this.name}`,
        memoryMiB: gatewayMemory(this.settings),
        sysctls: lowPorts(this.settings, []),
        ports: gatewayPorts(this.settings, []),
      });
    }
    const token = this.giveToken();
    const secrets = allSecrets(props);
    const hasSecrets = Object.keys(secrets).length > 0;
    const options = gatewayJob({
      settings: this.settings,
      host: this.hostAt(CLIENT_ADDRESS, token ? { ...IN_ALLOCATION, token: `/${TOKEN}` } : IN_ALLOCATION),
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

function clientFailures({ clients }: GatewayProps): Failure[] {
  if (clients?.length !== 0) return [];
  return [{ property: "clients", rule: "must hold at least one", cure: "leave it out for all clients" }];
}

/** Eight digits of a hash: enough to see a change by, and no more of the secrets than that. */
function markOf(secrets: Readonly<Record<string, string>>): string {
  const sum: string = Fn.sha256(Fn.jsonencode(secrets));
  return Fn.substr(Fn.nonsensitive(sum) as string, 0, 8);
}

/** A gateway as its job sees it. */
interface GatewayJobSpec {
  readonly settings: GatewaySettings;
  readonly host: GatewayHost;
  /** Its folder in Consul's key/value store. */
  readonly documents: string;
  /** Names of the clients that it is for. @default - all of them */
  readonly clients?: readonly string[];
  readonly nodePool?: string;
  /** Another text with other secrets, so that they are a new version of the job. @default - it has none */
  readonly secretsMark?: string;
}

/** One gateway on every client, in the client's own network: it reaches the client's own Consul agent on loopback. */
function gatewayJob(spec: GatewayJobSpec): JobOptions {
  const { settings, host, documents, clients, nodePool, secretsMark } = spec;
  const { name, image, memoryMiB } = settings;
  const constraints: ConstraintOptions[] = clients === undefined ? [] : [onlyOn(clients)];
  return {
    name,
    type: JobType.SYSTEM,
    nodePool,
    ...(constraints.length > 0 && { constraints }),
    // One after the other: the others go on.
    update: {
      maxParallel: 1,
      healthCheck: "checks",
      minHealthyTime: "5s",
      healthyDeadline: "2m",
      progressDeadline: "3m",
    },
    groups: {
      gateway: {
        ...(secretsMark !== undefined && { meta: { secrets: secretsMark } }),
        networkMode: "host",
        ports: portsOf(settings, host),
        // Directors need a few seconds to know that it leaves.
        shutdownDelay: "10s",
        restart: { attempts: 3, interval: "1m", delay: "2s", mode: "delay" },
        services: [
          {
            name,
            port: "http",
            addressMode: "host",
            // Not the port for clients: a gateway without routes answers there, too, with 404.
            checks: [Check.http({ port: "status", path: "/status/ready" })],
          },
        ],
        tasks: {
          apisix: {
            docker: { image, networkMode: "host", entrypoint: ["/bin/sh", "/local/start"] },
            files: {
              [WHEN_EMPTY]: whenEmptyHook(),
              ...(host.folders.token !== undefined && { [CONSUL_TOKEN]: consulTokenHook(host.folders.token) }),
              start: renderStartScript(host.folders, settings.admin !== undefined),
            },
            templates: templatesOf(settings, host, documents),
            resources: { cpu: 200, memoryMiB },
            // nginx ends its requests first at this one.
            killSignal: "SIGQUIT",
            killTimeout: "30s",
          },
        },
      },
    },
  };
}

function onlyOn(clients: readonly string[]): ConstraintOptions {
  return { attribute: "${node.unique.name}", operator: "regexp", value: `^(${clients.join("|")})$` };
}

/** All static: directors and users know where a gateway listens. */
function portsOf(settings: GatewaySettings, { virtualPorts }: GatewayHost): PortMappings {
  const { httpPort, httpsPort, statusPort, streamPorts, admin, pluginAttributes } = settings;
  const metrics = metricsAddress(pluginAttributes);
  const named = [
    ["http", httpPort],
    ["https", httpsPort],
    ["status", statusPort],
    ...virtualPorts.filter((port) => port !== httpPort).map((port) => [`virtual_${port}`, port] as const),
    ...[...new Set([...streamPorts.tcp, ...streamPorts.udp])].map((port) => [`stream_${port}`, port] as const),
    ...(admin === undefined ? [] : [["admin", admin.port] as const]),
    // On loopback it takes no port of the client's.
    ...(metrics === undefined || metrics.ip.startsWith("127.") ? [] : [["metrics", metrics.port] as const]),
  ] as const;
  return Object.fromEntries(named.map(([label, port]) => [label, { static: port }]));
}

function templatesOf(settings: GatewaySettings, host: GatewayHost, documents: string): TemplateOptions[] {
  const { name, admin, secretNames } = settings;
  const config: TemplateOptions = {
    destination: "local/config.yaml",
    data: renderGatewayConfig(settings, host),
    // `{{` is APISIX's own in that file.
    delimiters: ["[[", "]]"],
    changeMode: ChangeMode.RESTART,
  };
  const routes: TemplateOptions = {
    destination: "local/apisix.yaml",
    data: renderDocumentTemplate(documents),
    // The gateway looks at the file every second: no allocation changes for a route.
    changeMode: ChangeMode.NOOP,
    wait: DOCUMENT_WAIT,
  };
  const secrets: TemplateOptions = {
    destination: "secrets/gateway.env",
    data: secretLines(name, secretNames),
    env: true,
    // A change is a new version of the job, one client after the other. By themselves all clients would restart at once.
    changeMode: ChangeMode.NOOP,
  };
  const token: TemplateOptions = {
    destination: TOKEN,
    data: `{{ with nomadVar "${tokenPath(name)}" }}{{ .${TOKEN_ITEM} }}{{ end }}`,
    // It is read whenever Consul is asked.
    changeMode: ChangeMode.NOOP,
  };
  return [
    config,
    ...(admin === undefined ? [routes] : []),
    ...(secretNames.length > 0 ? [secrets] : []),
    ...(host.folders.token === undefined ? [] : [token]),
  ];
}

/** Where one is missing the task does not start, and reports that it waits for the variable. */
function secretLines(job: string, names: readonly string[]): string {
  const lines = names.map((name) => `${name}={{ .${name}.Value | toJSON }}\n`).join("");
  return `{{ with nomadVar "${secretsPath(job)}" }}${lines}{{ end }}`;
}

/** The one variable that a job may read without a policy of its own. */
function secretsPath(job: string): string {
  return `nomad/jobs/${job}`;
}

/** Another one, which only its one task may read: what Terraform writes is not in it. */
function tokenPath(job: string): string {
  return `${secretsPath(job)}/gateway/apisix`;
}
