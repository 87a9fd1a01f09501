import { Construct, IConstruct } from "constructs";
import { announceService, ConsulService, IConsulCluster } from "../consul";
import { IMachine } from "../machine";
import { followersOf, knownUsersOf } from "../packets";
import { Failure } from "../private/failure";
import { refuse, Validation } from "../private/validation";
import { inFrontOf } from "./client-address";
import { clientPorts } from "./gateway-ports";
import { GatewayFolders, gatewayFailures, GatewayOptions, GatewaySettings, gatewaySettings } from "./gateway-settings";
import type { GatewayObject } from "./object";
import { GatewayHost } from "./render/config";
import { routeRows, RouteRow } from "./render/route-table";

/** An APISIX gateway, on Nomad clients or on machines. It serves the routes in its folder of Consul's key/value store. */
export interface IGateway extends IConstruct {
  /** Its name in Consul: `gateway`. */
  readonly name: string;
  /** Version of APISIX: `3.18.0`. */
  readonly version: string;
  /** Folder in Consul's key/value store that contains its objects, one key for each: `apisix/gateway`. */
  readonly documents: string;
  /** Its healthy instances in Consul, for a director's real servers. */
  readonly service: ConsulService;
  /** The plugins that it loads. */
  readonly plugins: readonly string[];
  /** Addresses and subnets of HTTP proxies in front, whose `X-Forwarded-For` is trusted. @default - none */
  readonly trustedAddresses?: readonly string[];
  /**
   * Reference to a secret of the gateway, for plugins, consumers and certificates: `$env://NAME`. The secret itself is never in Consul. If the
   * gateway has no secret of that name, that is an error at synth.
   */
  secret(name: string): string;
  /** Names of its secrets. @internal */
  readonly _secrets: readonly string[];
  /** What was given to it until now. @internal */
  readonly _objects: readonly GatewayObject[];
  /** @internal */
  _add(by: IConstruct, object: GatewayObject): void;
}

/** The port that browsers use for https. */
export const USUAL_HTTPS_PORT = 443;

/** What gateways on Nomad clients and on machines have in common. */
export abstract class GatewayBase extends Construct implements IGateway {
  readonly name: string;
  readonly version: string;
  readonly documents: string;
  readonly plugins: readonly string[];
  /** @internal */
  protected readonly settings: GatewaySettings;
  private readonly objects: GatewayObject[] = [];
  private readonly virtualPorts = new Set<number>();

  /** @internal @param more what is wrong besides */
  constructor(
    scope: Construct,
    id: string,
    private readonly consul: IConsulCluster,
    protected readonly options: GatewayOptions,
    more: readonly Failure[],
  ) {
    super(scope, id);
    this.settings = gatewaySettings(id, options, consul.version);
    const { name, version, plugins } = this.settings;
    this.name = name;
    this.version = version;
    this.documents = `apisix/${name}`;
    this.plugins = plugins;
    const validation = new Validation(this);
    validation.add(...gatewayFailures(options, this.settings), ...more);
    // Its subclasses ask for what it is made of only where it is not refused.
    if (!validation.passes()) announceService(this, name);
  }

  /** The machines that it runs on, as they are known when it is read. */
  abstract readonly machines: readonly IMachine[];

  get trustedAddresses(): readonly string[] {
    return this.settings.trustedAddresses;
  }

  /** URL of its instance on a machine that answers with 200 once the instance has its routes. Consul checks it. */
  readyUrl({ address }: IMachine): string {
    return `http://${address}:${this.settings.statusPort}/status/ready`;
  }

  /** A shell command that succeeds on a machine once the instance there is the deployed one. Undefined where that is so at once. */
  get settled(): string | undefined {
    return undefined;
  }

  /** Port of its Admin API, on 127.0.0.1 of its machines. Undefined where it has none. */
  get adminPort(): number | undefined {
    return this.settings.admin?.port;
  }

  /** Port of APISIX's control API, on 127.0.0.1 of its machines. */
  get controlPort(): number {
    return this.settings.controlPort;
  }

  get service(): ConsulService {
    // The check asks every 2 s and waits 3 s for an answer; the second bad one counts.
    return { name: this.name, port: "http", lag: "10s", shutdownDelay: "10s" };
  }

  /** Its routes, as text. */
  get routes(): RouteRow[] {
    return routeRows(this.objects);
  }

  secret(name: string): string {
    return secretReference(this, name, `add ${name}: a reference to a sensitive Terraform variable`);
  }

  /** @internal */
  get _secrets(): readonly string[] {
    return Object.keys(this.options.secrets ?? {});
  }

  /** @internal */
  get _objects(): readonly GatewayObject[] {
    return this.objects;
  }

  /** @internal */
  _add(by: IConstruct, object: GatewayObject): void {
    const failures = [...this.adminFailures(), ...this.streamPortFailures(object)];
    if (failures.length > 0) refuse(by, failures);
    else this.objects.push(object);
  }

  private adminFailures(): Failure[] {
    if (this.options.admin === undefined) return [];
    return [
      {
        property: "gateway",
        rule: `can't be ${this.node.path}, whose routes are its Admin API's`,
        cure: `send it to the Admin API, or leave 'admin' of ${this.node.path} out`,
      },
    ];
  }

  private streamPortFailures({ kind, document }: GatewayObject): Failure[] {
    const { server_port: port } = document;
    const { tcp, udp } = this.settings.streamPorts;
    if (kind !== "stream_routes" || typeof port !== "number" || [...tcp, ...udp].includes(port)) return [];
    return [
      {
        property: "serverPort",
        rule: `must be one of the gateway's stream ports (${[...tcp, ...udp].join(", ") || "none"})`,
        got: port,
        cure: `add it to 'streamPorts' of ${this.node.path}`,
      },
    ];
  }

  /**
   * Who may open connections to its ports for clients on one of its machines, read at synth: these, the users of directors in front as far as
   * they are known, and the machines of its Consul cluster.
   *
   * @internal
   * @param clients undefined: any source
   */
  protected openTo(clients: readonly string[] | undefined, machine: IMachine): readonly string[] | undefined {
    if (clients === undefined) return undefined;
    const following = followersOf(this.node.root, this.name).flatMap((sources) => sources ?? []);
    const fixed = clientPorts(this.settings, [...this.virtualPorts]).flatMap((port) => knownUsersOf(machine, port));
    return [...clients, ...following, ...fixed, ...this.consul._members];
  }

  /** Makes it answer on a virtual service's own port: direct routing changes none. A director's virtual service calls it. */
  listenOn(port: number): void {
    if (port !== this.settings.httpsPort) this.virtualPorts.add(port);
  }

  /** The port by which clients reach `httpsPort`, as far as the program has a director in front. @internal */
  protected get clientsHttpsPort(): number | undefined {
    const ports = inFrontOf(this)
      .filter(({ to }) => to === this.settings.httpsPort)
      .map(({ port }) => port);
    return ports.includes(USUAL_HTTPS_PORT) ? USUAL_HTTPS_PORT : ports.sort((a, b) => a - b)[0];
  }

  /** @internal */
  protected hostAt(address: string, folders: GatewayFolders, redirectPort = USUAL_HTTPS_PORT): GatewayHost {
    return {
      address,
      folders,
      redirectPort: this.settings.pluginAttributes.redirect?.httpsPort ?? redirectPort,
      virtualPorts: [...this.virtualPorts].sort((a, b) => a - b),
    };
  }
}

const refusedSecrets = new WeakMap<IGateway, readonly string[]>();

/** Whether the gateway was already refused for a secret of that name. */
export function isRefusedSecret(gateway: IGateway, name: string): boolean {
  return refusedSecrets.get(gateway)?.includes(name) === true;
}

/** How a secret of a gateway is named. @param cure where it has none of that name */
export function secretReference(gateway: IGateway, name: string, cure: string): string {
  const { _secrets: names } = gateway;
  if (names.includes(name)) return `$env://${name}`;
  const rule = `must have what is asked for (it has ${names.join(", ") || "none"})`;
  refuse(gateway, [{ property: "secrets", rule, got: name, cure }]);
  refusedSecrets.set(gateway, [...(refusedSecrets.get(gateway) ?? []), name]);
  return `$env://${name}`;
}
