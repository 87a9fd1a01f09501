import { DeploymentDescription, VirtualServiceDescription } from "../../constructs/deployment";
import { askerOf } from "../asker";
import { Topology, TopologyDirector, TopologyRealServer, TopologyVirtualService } from "../../constructs/topology";

/** How packets reach a real server and come back. */
export interface Forwarding {
  readonly method: "masquerading" | "direct routing" | "tunneling";
  /** Whether the director replaces the client's address by its own. */
  readonly snat: boolean;
}

/** A real server that the program lists. */
export interface FixedServer extends Omit<TopologyRealServer, "forwarding"> {
  readonly forwarding: Forwarding;
}

/** One address and port of a virtual service, with the machines that its packets pass. */
export class Scene {
  /**
   * Every address and port of a deployment's virtual services.
   *
   * @param client machine that sends the requests. @default - the deployment's client, or another one that a service's `clients` let; without a
   * client a machine that is no director and no real server
   */
  static all(deployment: DeploymentDescription, topology: Topology, client?: string): Scene[] {
    return topology.directors.flatMap((director) => {
      const other = client ?? clientOf(deployment, topology, director);
      if (other === undefined) return [];
      return director.services.flatMap((service) => {
        const described = deployment.virtualServices.find(
          (each) => each.director === director.machine && isOf(service, each),
        );
        const from = client ?? (described && askerOf(deployment, described)) ?? other;
        return service.endpoints.map((_, index) => new Scene(deployment, director, service, from, index));
      });
    });
  }

  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  /** Forwarding method of real servers that Consul names. */
  readonly forwarding: Forwarding;
  /** Real servers that the program lists. */
  readonly servers: readonly FixedServer[];

  private constructor(
    readonly deployment: DeploymentDescription,
    private readonly of: TopologyDirector,
    readonly service: TopologyVirtualService,
    /** Machine that sends the requests. */
    readonly client: string,
    private readonly index: number,
    /** Addresses and ports of followed real servers, as the director's table has them. */
    private readonly followed: readonly string[] = [],
  ) {
    const { address = "", port = 0, protocol = "tcp" } = service.endpoints[index] ?? {};
    this.address = address;
    this.port = port;
    this.protocol = protocol;
    this.forwarding = forwardingOf(service.forwarding);
    this.servers = service.realServers.map((server) => ({ ...server, forwarding: forwardingOf(server.forwarding) }));
  }

  /** The same with the real servers that the director's table has. @param targets their addresses and ports */
  withFollowed(targets: readonly string[]): Scene {
    return new Scene(this.deployment, this.of, this.service, this.client, this.index, targets);
  }

  /** `192.168.139.29:80` */
  get endpoint(): string {
    return socket(this.address, this.port);
  }

  /** Machine of the director. */
  get director(): string {
    return this.of.machine;
  }

  /** Whether the director's kernel has an IPVS table. */
  get hasTable(): boolean {
    return this.of.plane === "ipvs";
  }

  /** ipvsadm's word, without flags. */
  get scheduler(): string {
    return this.service.scheduler.split(" ")[0] ?? "";
  }

  /** Name of the Consul service that the real servers come from. @default - the program lists them */
  get follows(): string | undefined {
    return this.service.follows;
  }

  /** Listed real servers that get new connections. */
  get active(): readonly FixedServer[] {
    return this.servers.filter(({ weight }) => weight > 0);
  }

  /** Machines of real servers, as far as they are the program's. */
  get serverMachines(): readonly string[] {
    const hosts = this.followed.map((target) => hostOf(target).replace(/^\[(.*)\]$/, "$1"));
    return this.deployment.machines
      .filter(
        ({ name, addresses }) =>
          this.servers.some(({ machine }) => machine === name) || addresses.some((one) => hosts.includes(one)),
      )
      .map(({ name }) => name);
  }

  /** Machines of listed real servers that have the VIP themselves. The director is not one of them. */
  direct(method?: Forwarding["method"]): readonly string[] {
    const servers = this.servers.filter(
      ({ machine, forwarding }) =>
        this.knows(machine) &&
        machine !== this.director &&
        (method === undefined ? forwarding.method !== "masquerading" : forwarding.method === method),
    );
    return [...new Set(servers.map(({ machine }) => machine))];
  }

  /** Whether a machine is the program's, so that a login is possible. */
  knows(machine: string): boolean {
    return this.deployment.machines.some(({ name }) => name === machine);
  }

  addressesOf(machine: string): readonly string[] {
    return this.deployment.machines.find(({ name }) => name === machine)?.addresses ?? [];
  }

  /** Ports of the service's packets, before and after the director. */
  get ports(): readonly number[] {
    const followed = this.followed.map((target) => Number(/:(\d+)$/.exec(target)?.[1] ?? "0"));
    return [...new Set([this.port, ...this.servers.map(({ port }) => port), ...followed])].filter((port) => port !== 0);
  }

  /** Address and port to which a real server's connections go. */
  target({ address, port }: TopologyRealServer | FixedServer): string {
    return socket(address, port === 0 ? this.port : port);
  }
}

/** Address and port as one word. */
export function socket(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `192.168.139.184`, `[fd00::31]` */
export function hostOf(target: string): string {
  return target.replace(/:\d+$/, "");
}

/** @param text `masquerading, SNAT` */
function forwardingOf(text: string): Forwarding {
  const [method = "", snat] = text.split(", ");
  return { method: method as Forwarding["method"], snat: snat === "SNAT" };
}

/** Whether it is the description of a virtual service, which has the first of several endpoints. */
function isOf({ endpoints: [first] }: TopologyVirtualService, described: VirtualServiceDescription): boolean {
  const { address, port, protocol } = described;
  return first?.address === address && first.port === port && first.protocol === protocol;
}

function clientOf(
  { client, machines }: DeploymentDescription,
  { directors }: Topology,
  director: TopologyDirector,
): string | undefined {
  if (client !== undefined) return client;
  const busy = directors.flatMap(({ machine, services }) => [
    machine,
    ...services.flatMap(({ realServers }) => realServers.map((server) => server.machine)),
  ]);
  const names = machines.map(({ name }) => name);
  return names.find((name) => !busy.includes(name)) ?? names.find((name) => name !== director.machine);
}
