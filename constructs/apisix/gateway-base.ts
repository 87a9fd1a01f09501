import { Construct, IConstruct } from "constructs";
import { ConsulService, IConsulCluster } from "../consul";
import { IMachine } from "../machine";
import { Validation, ValidationError } from "../private/validation";
import { checkGateway } from "./gateway-checks";
import { GatewayPlace } from "./gateway-config-text";
import { GatewayObject, IGateway } from "./gateway-end";
import { GatewayFolders, GatewayOptions, GatewaySettings, gatewaySettings } from "./gateway-options";
import { inFrontOf } from "./in-front";
import { DEFAULT_PLUGINS, pluginRuns } from "./plugins/known-plugins";
import { routeRows, RouteRow } from "./route-table-text";

/** The default port of https. @internal */
export const USUAL_HTTPS_PORT = 443;

/** What gateways on Nomad clients and on machines have in common. @internal */
export abstract class GatewayBase extends Construct implements IGateway {
  readonly name: string;
  readonly version: string;
  readonly documents: string;
  readonly plugins: readonly string[];
  /** @internal */
  protected readonly settings: GatewaySettings;
  private readonly objects: GatewayObject[] = [];
  private readonly virtualPorts = new Set<number>();

  /** @internal */
  constructor(
    scope: Construct,
    id: string,
    consul: IConsulCluster,
    protected readonly options: GatewayOptions,
  ) {
    super(scope, id);
    this.settings = gatewaySettings(id, options, consul.version);
    this.name = this.settings.name;
    this.version = this.settings.version;
    this.documents = `apisix/${this.name}`;
    this.plugins = [...new Set([...DEFAULT_PLUGINS, ...(options.plugins ?? [])])].sort();
    const validation = new Validation(this);
    checkGateway(validation, options, this.settings, this.plugins);
    validation.finish();
  }

  /** The machines that it runs on, as they are known when it is read. */
  abstract readonly machines: readonly IMachine[];

  get trustedAddresses(): readonly string[] {
    return this.settings.trustedAddresses;
  }

  /** Where its instance on a machine answers whether it has its routes; used by Consul, and by programs that wait for it. */
  readyUrl({ address }: IMachine): string {
    return `http://${address}:${this.settings.statusPort}/status/ready`;
  }

  /** A command on each of its machines that succeeds once it is what was deployed. Nothing where it is so at once. */
  get settled(): string | undefined {
    return undefined;
  }

  /** Of its Admin API, on 127.0.0.1 of its machines. Nothing where it has none. */
  get adminPort(): number | undefined {
    return this.settings.admin?.port;
  }

  get service(): ConsulService {
    // The check asks every 2 s and waits 3 s for an answer; the second bad one counts.
    return { name: this.name, port: "http", lag: 10, shutdownDelay: 10 };
  }

  secret(name: string): string {
    const { secrets = {} } = this.options;
    if (!Object.hasOwn(secrets, name)) {
      throw new ValidationError(this, [
        {
          property: "secrets",
          rule: `must have what is asked for (it has ${Object.keys(secrets).join(", ") || "none"})`,
          got: name,
          cure: `add ${name}: a reference to a sensitive Terraform variable`,
        },
      ]);
    }
    return `$env://${name}`;
  }

  get _objects(): readonly GatewayObject[] {
    return this.objects;
  }

  _add(by: IConstruct, object: GatewayObject): void {
    if (this.options.admin !== undefined) {
      throw new ValidationError(by, [
        {
          property: "gateway",
          rule: `can't be ${this.node.path}, whose routes are its Admin API's`,
          cure: `send it to the Admin API, or leave 'admin' of ${this.node.path} out`,
        },
      ]);
    }
    const { server_port: port } = object.document;
    const { tcp, udp } = this.settings.streamPorts;
    if (object.kind === "stream_routes" && typeof port === "number" && ![...tcp, ...udp].includes(port)) {
      const ports = [...tcp, ...udp].join(", ") || "none";
      throw new ValidationError(by, [
        {
          property: "serverPort",
          rule: `must be one of the gateway's stream ports (${ports})`,
          got: port,
          cure: `add it to 'streamPorts' of ${this.node.path}`,
        },
      ]);
    }
    this.objects.push(object);
  }

  /** Its routes, as text. */
  get routes(): RouteRow[] {
    return routeRows(this.objects);
  }

  /** Makes it answer on a virtual service's own port: direct routing changes none. @internal */
  _listenOn(port: number): void {
    if (port !== this.settings.httpsPort) this.virtualPorts.add(port);
  }

  /** The port by which clients reach `httpsPort`, as far as the program has a director in front. @internal */
  protected get clientsHttpsPort(): number | undefined {
    const ports = inFrontOf(this)
      .filter(({ to }) => to === this.settings.httpsPort)
      .map(({ port }) => port);
    return ports.includes(443) ? 443 : ports.sort((a, b) => a - b)[0];
  }

  /** @internal */
  protected get virtual(): number[] {
    return [...this.virtualPorts].sort((a, b) => a - b);
  }

  /** @internal */
  protected place(address: string, folders: GatewayFolders, redirectPort = USUAL_HTTPS_PORT): GatewayPlace {
    return {
      address,
      folders,
      redirectPort: this.settings.pluginAttributes.redirect?.httpsPort ?? redirectPort,
      virtualPorts: this.virtual,
      plugins: this.plugins.filter((plugin) => pluginRuns(plugin).http),
      streamPlugins: this.plugins.filter((plugin) => pluginRuns(plugin).stream),
    };
  }
}
