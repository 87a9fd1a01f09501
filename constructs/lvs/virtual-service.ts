import { Annotations, Aspects } from "cdktf";
import { Construct, IConstruct } from "constructs";
import { IMachine, normalizeAddress } from "../machine";
import { describeFailure, Failure } from "../private/failure";
import { Validation, ValidationError } from "../private/validation";
import { WholeProgram } from "../private/whole-program";
import { Acknowledgement } from "./acknowledgement";
import { chainName } from "./chain-name";
import { Claims } from "./claim";
import { checkFollowed, followFindings, followSpec, followWarnings, readRealServers } from "./follow";
import { ForwardingMethod } from "./forwarding-method";
import { hashingWarning } from "./hashing-rules";
import { Plane } from "./plane";
import { forwardingFailures, planeFailures } from "./plane-limits";
import { Protocol } from "./protocol";
import { RealServer, RealServerList, RealServerOptions } from "./real-server";
import { KnownInstances, RealServers } from "./real-servers";
import { Refusal } from "./refusal";
import { Scheduler } from "./scheduler";
import { Endpoint, ServiceSpec } from "./service-spec";
import { serviceFindings } from "./topology";
import { ownVips, sharedVips, takenVips, VipOwner } from "./vip-owners";
import { checkEndpoints, checkOptions } from "./virtual-service-checks";
import { EndpointOptions, ServiceOptions } from "./virtual-service-options";

/** What a virtual service gets from its director. @internal */
export interface VirtualServiceContext extends ServiceOptions {
  readonly director: IMachine;
  readonly plane: Plane;
  /** Whether the director has a Consul to ask. */
  readonly hasConsul: boolean;
  /** Ports of the director that are taken. */
  readonly claims: Claims;
  readonly mark?: number;
  readonly endpoints: readonly EndpointOptions[];
}

/**
 * An address and port that clients connect to, served by real servers; made by `Director.addVirtualService`, or by
 * `Director.addFirewallMarkService` for several of them.
 *
 * @see https://manpages.debian.org/ipvsadm.8
 */
export class VirtualService extends Construct {
  /**
   * Those of the program that lead to one of these: machines, names in Consul, or what stands for instances.
   *
   * @internal
   */
  static _leadingTo(root: IConstruct, ends: readonly unknown[]): VirtualService[] {
    const { all, places } = virtualServices.below(root);
    const found = new Set(ends.flatMap((end) => [...(places.get(end) ?? [])]));
    return [...found].sort((a, b) => a - b).flatMap((place) => all[place] ?? []);
  }

  /** The first of {@link endpoints}. */
  readonly address: string;
  /** The first of {@link endpoints}. */
  readonly port: number;
  /** The first of {@link endpoints}. */
  readonly protocol: Protocol;
  /** What clients connect to; more than one with a firewall mark only. */
  readonly endpoints: readonly Endpoint[];
  /** The firewall mark of its packets. @default - none */
  readonly mark?: number;
  readonly scheduler: Scheduler;
  readonly forwarding: ForwardingMethod;
  /** Where its real servers come from. @default - they are fixed: {@link realServers} */
  readonly followed?: RealServers;
  private readonly servers = new RealServerList();
  /** The machines of followed instances, set up for a forwarding method that needs it. */
  private readonly prepared = new RealServerList();
  private readonly acknowledgement: Acknowledgement;

  /** @internal */
  constructor(
    scope: Construct,
    id: string,
    private readonly context: VirtualServiceContext,
  ) {
    super(scope, id);
    this.endpoints = context.endpoints.map(({ address, port, protocol }) => ({
      address: normalizeAddress(address) ?? address,
      port,
      protocol: protocol ?? Protocol.TCP,
    }));
    this.mark = context.mark;
    this.scheduler = context.scheduler ?? Scheduler.ROUND_ROBIN;
    this.forwarding = context.forwarding ?? ForwardingMethod.masquerading({ snat: true });
    const { fixed, followed } = readRealServers(context.realServers);
    this.followed = followed;
    this.acknowledgement = new Acknowledgement(this, context.acknowledge ?? [], () => sharedVips(this));
    this.validate();
    const owner: VipOwner = {
      director: context.director,
      vips: [...new Set(this.endpoints.map(({ address }) => address))],
      acknowledges: (refusal) => this.acknowledgement.covers(refusal),
    };
    ownVips(this, owner);
    this.node.addValidation({ validate: () => takenVips(owner).map(describeFailure) });

    const [first] = this.endpoints;
    if (first === undefined) throw new Error("assumption broken: no endpoint is a failure of validate");
    this.address = first.address;
    this.port = first.port;
    this.protocol = first.protocol;
    const ids = new Map<string, number>();
    for (const options of fixed) this.addRealServer(freeId(options, ids), options);
    virtualServices.tell(this, this);
    if (followed?.known !== undefined && this.forwarding.name !== "masquerading") this.prepare(followed.known);
    Aspects.of(this).add({
      visit: (node) => {
        if (node === this) this.warn();
      },
    });
  }

  /** @internal */
  get _director(): IMachine {
    return this.context.director;
  }

  /** The fixed ones. */
  get realServers(): RealServer[] {
    return [...this.servers.all];
  }

  /**
   * Adds a server that takes connections.
   *
   * @throws ValidationError where it can't work with the forwarding method, or where the real servers come from Consul
   */
  addRealServer(id: string, options: RealServerOptions): RealServer {
    if (this.followed !== undefined) throw new ValidationError(this, [followsConsul(id, this.followed)]);
    const server = this.makeRealServer(id, options, this.servers);
    this.servers.add(server);
    virtualServices.tell(this, this);
    return server;
  }

  /** Both ends, as for fixed real servers; Consul decides which of them are used. */
  private prepare(known: KnownInstances): void {
    for (const { port } of this.endpoints) known._listenOn(port);
    const machines = [...known.machines];
    for (const machine of machines) this.prepared.add(this.makeRealServer(machine.name, { machine }, this.prepared));
    this.node.addValidation({
      validate: () =>
        known.machines.length === machines.length
          ? []
          : [
              `'realServers' must have all its machines before it is used: make the virtual service after the last of them`,
            ],
    });
  }

  private makeRealServer(id: string, options: RealServerOptions, siblings: RealServerList): RealServer {
    const { director, plane } = this.context;
    return new RealServer(this, id, {
      ...options,
      director,
      plane,
      endpoints: this.endpoints,
      marked: this.mark !== undefined,
      forwarding: options.forwarding ?? this.forwarding,
      ownForwarding: options.forwarding !== undefined,
      onePacket: this.context.onePacket ?? false,
      scheduler: this.scheduler,
      acknowledgement: this.acknowledgement,
      siblings,
    });
  }

  /** @internal */
  get _spec(): ServiceSpec {
    const { persistenceTimeoutSeconds, persistenceNetmask, onePacket } = this.context;
    return {
      chain: chainName(this.node.id),
      family: this.address.includes(":") ? 6 : 4,
      endpoints: this.endpoints,
      mark: this.mark,
      scheduler: this.scheduler,
      persistenceTimeoutSeconds,
      persistenceNetmask,
      onePacket: onePacket ?? false,
      forwarding: this.forwarding,
      realServers: this.servers.all.map((server) => server._spec),
      follows:
        this.followed &&
        followSpec(this.node.id, this.followed, {
          director: this.context.director,
          vip: this.address,
          forwarding: this.forwarding,
          ...(this.prepared.all.length > 0 && { only: this.prepared.all.map((server) => server._spec) }),
        }),
    };
  }

  private validate(): void {
    const { context, endpoints, forwarding, scheduler } = this;
    const validation = new Validation(this);
    checkEndpoints(validation, endpoints, context);
    checkOptions(validation, endpoints, context);
    validation.add(...planeFailures(context.plane, { ...context, forwarding, scheduler }));
    validation.add(...forwardingFailures(forwarding));
    const wellFormed = endpoints.filter(({ address }) => normalizeAddress(address) !== undefined);
    const service = { endpoints: wellFormed, forwarding, onePacket: context.onePacket ?? false };
    const findings = serviceFindings(context.director, service);
    if (this.followed !== undefined) {
      checkFollowed(validation, this.followed, { ...context, forwarding });
      findings.push(...followFindings(this.followed, forwarding));
    }
    this.acknowledgement.judge(this, validation, findings);
    validation.finish();
    const drains = hashingWarning(scheduler);
    if (drains !== undefined) this.acknowledgement.warn(this, Refusal.HASHING_WITHOUT_FALLBACK, drains);
  }

  /** Legal but odd, as it is at synth. */
  private warn(): void {
    const warn = (message: string): void => {
      Annotations.of(this).addWarning(message);
    };
    if (this.servers.all.length === 0 && this.followed === undefined)
      warn("has no real server, so clients are refused: addRealServer");
    if (this.followed !== undefined) followWarnings(this.followed).forEach(warn);
    const weights = new Set(this.servers.all.map(({ weight }) => weight).filter((weight) => weight > 0));
    if (this.scheduler.word === "rr" && weights.size > 1)
      warn(`'weight' has no effect with Scheduler.ROUND_ROBIN (${[...weights].join(", ")}): use WEIGHTED_ROUND_ROBIN`);
  }
}

/** Ids of servers given as a list: the machine's name and the port, numbered where that is taken. */
function freeId({ machine, port }: RealServerOptions, taken: Map<string, number>): string {
  const id = port === undefined ? machine.name : `${machine.name}-${port}`;
  const count = (taken.get(id) ?? 0) + 1;
  taken.set(id, count);
  return count === 1 ? id : `${id}.${count}`;
}

/** Every one, and their places by where they lead: a machine, a name in Consul, or what stands for its instances. */
interface ByEnd {
  readonly all: readonly VirtualService[];
  readonly places: ReadonlyMap<unknown, ReadonlySet<number>>;
}

const virtualServices = new WholeProgram<VirtualService, ByEnd>((told) => {
  const places = new Map<unknown, Set<number>>();
  told.forEach(({ what: { followed, realServers } }, place) => {
    for (const end of [...realServers.map(({ machine }) => machine), followed?.service, followed?.known])
      if (end !== undefined) places.set(end, (places.get(end) ?? new Set()).add(place));
  });
  return { all: told.map(({ what }) => what), places };
});

function followsConsul(id: string, { service }: RealServers): Failure {
  return {
    property: "addRealServer",
    rule: `can't add ${id}, because the real servers are the instances of ${service} in Consul`,
    cure: `register it in Consul as an instance of ${service}, or make a virtual service of fixed ones`,
  };
}
