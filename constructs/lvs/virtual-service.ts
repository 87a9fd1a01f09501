import { Annotations, Aspects } from "cdktf";
import { Construct, IConstruct } from "constructs";
import { hasAddress, IMachine, normalizeAddress } from "../machine";
import { announceFollower, chainName, networksOf } from "../packets";
import { Acknowledgement } from "../private/acknowledgement";
import { secondsOf } from "../private/duration";
import { describeFailure, Failure } from "../private/failure";
import { checkAtSynth, isRefused, refuse, Validation } from "../private/validation";
import { prepareDeparture } from "./departure";
import { checkEndpoints, EndpointOptions, TakenPorts } from "./endpoint";
import { checkFollowed, FollowedService, followerSources, followSpec, KnownInstances } from "./followed";
import { ForwardingMethod, forwardingFailures } from "./forwarding-method";
import { Plane, planeFailures } from "./plane";
import { RealServer, RealServerList, RealServerOptions } from "./real-server";
import { RealServers } from "./real-servers";
import { followFindings, hashingWarning, Refusal, serviceFindings } from "./refusals";
import { Scheduler } from "./scheduler";
import { checkServiceOptions, ServiceOptions } from "./service-options";
import { registerTargets, servicesWithTarget } from "./service-targets";
import { serviceWarnings } from "./service-warnings";
import { haveRealServers, sharedRealServerWarning } from "./shared-real-servers";
import { Endpoint, familyOf, Protocol, ServiceSpec } from "./spec";
import { ownVips, sharedVips, takenVips, VipOwner } from "./vips";

/** What a virtual service gets from its director. @internal */
export interface VirtualServiceContext extends ServiceOptions {
  readonly director: IMachine;
  readonly plane: Plane;
  /** Whether the director has a Consul to ask. */
  readonly hasConsul: boolean;
  /** Ports of the director that are taken. */
  readonly takenPorts: TakenPorts;
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
  /** @internal */
  static _of(director: Construct, id: string, context: VirtualServiceContext): VirtualService {
    return new VirtualService(director, id, context);
  }

  /**
   * Those of the program that lead to one of these: machines, names in Consul, or what stands for instances.
   *
   * @internal
   */
  static _leadingTo(root: IConstruct, targets: readonly unknown[]): VirtualService[] {
    return servicesWithTarget(root, targets);
  }

  /** The VIP; with several {@link endpoints} that of the first one. */
  readonly address: string;
  /** The port; with several {@link endpoints} that of the first one. */
  readonly port: number;
  /** Transport protocol; with several {@link endpoints} that of the first one. */
  readonly protocol: Protocol;
  /** Addresses and ports that clients connect to; several only with a firewall mark. */
  readonly endpoints: readonly Endpoint[];
  /** The firewall mark of its packets. @default - none */
  readonly mark?: number;
  /** Algorithm that chooses the real server of a new connection. */
  readonly scheduler: Scheduler;
  /** Forwarding method of its real servers, unless one overrides it. */
  readonly forwarding: ForwardingMethod;
  /** The Consul service whose instances are the real servers. @default - they are fixed: {@link realServers} */
  readonly followed?: FollowedService;
  /** Networks in CIDR form that may open connections, of the address family of its own address. @default - any source */
  readonly clients?: readonly string[];
  private readonly servers = new RealServerList();
  /** Whether synth is going to fail for it. @internal */
  readonly _isRefused: boolean;
  /** The machines of followed instances, set up for a forwarding method that needs it. */
  private readonly prepared = new RealServerList();
  private readonly acknowledgement: Acknowledgement<Refusal>;

  private constructor(
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
    const { realServers = [] } = context;
    const isList = Array.isArray(realServers);
    const given = RealServers.isRealServers(realServers) ? realServers : RealServers.of(isList ? realServers : []);
    this.followed = given._followed;
    this.acknowledgement = new Acknowledgement(this, {
      refusals: context.acknowledge ?? [],
      type: "Refusal",
      later: () => sharedVips(this),
      warnings: () => this.sharedRealServers(),
    });
    this._isRefused = !this.validate();
    const [first] = this.endpoints;
    this.address = first?.address ?? "";
    this.port = first?.port ?? 0;
    this.protocol = first?.protocol ?? Protocol.TCP;
    this.clients = context.clients && networksOf(context.clients, familyOf(this.address));
    const ids = new Map<string, number>();
    if (this._isRefused) {
      for (const options of given._fixed) this.addRealServer(freeId(options, ids), options);
      return;
    }
    const owner: VipOwner = {
      director: context.director,
      vips: [...new Set(this.endpoints.map(({ address }) => address))],
      acknowledges: (refusal) => this.acknowledgement.covers(refusal),
    };
    ownVips(this, owner);
    checkAtSynth(this, () => (this.isRealServerWithVip(owner) ? [] : takenVips(owner).map(describeFailure)));
    for (const options of given._fixed) this.addRealServer(freeId(options, ids), options);
    this.tellRealServers();
    if (this.followed !== undefined)
      announceFollower(
        this,
        this.followed.service,
        followerSources(this.forwarding, context.director, owner.vips, context.clients),
      );
    if (this.followed?.known !== undefined && this.forwarding.name !== "masquerading")
      this.prepare(this.followed.known);
    Aspects.of(this).add({
      visit: (node) => {
        if (node !== this) return;
        for (const warning of serviceWarnings(this)) Annotations.of(this).addWarning(warning);
      },
    });
  }

  /** @internal */
  get _director(): IMachine {
    return this.context.director;
  }

  /** The refusals that its user accepts. @internal */
  get _acknowledged(): readonly Refusal[] {
    return this.context.acknowledge ?? [];
  }

  /** The fixed real servers. */
  get realServers(): RealServer[] {
    return [...this.servers.all];
  }

  /**
   * Adds a server that takes connections. If it can't work with the forwarding method, or if the real servers come from Consul, that is an error
   * at synth.
   */
  addRealServer(id: string, options: RealServerOptions): RealServer {
    if (this.followed !== undefined) {
      refuse(this, [followsConsul(id, this.followed)]);
      return this.makeRealServer(id, options, new RealServerList());
    }
    const server = this.makeRealServer(id, options, this.servers);
    this.servers.add(server);
    if (this._isRefused) return server;
    const { director, plane } = this.context;
    prepareDeparture(director, options.machine, plane);
    this.tellRealServers();
    return server;
  }

  /** Tells the others of the program where it leads: at first, and again whenever that changes. */
  private tellRealServers(): void {
    const { director, plane } = this.context;
    registerTargets(this);
    if (plane === Plane.IPVS) haveRealServers(this, { director, followed: this.followed, spec: () => this._spec });
  }

  /** Whether it was said already that a real server has the VIP. */
  private isRealServerWithVip({ vips }: VipOwner): boolean {
    return this.servers.all.some((server) => isRefused(server) && vips.some((vip) => hasAddress(server.machine, vip)));
  }

  /** Sets up both ends, as for fixed real servers; Consul decides which of them are used. */
  private prepare(known: KnownInstances): void {
    for (const { port } of this.endpoints) known.listenOn(port);
    const machines = [...known.machines];
    for (const machine of machines) this.prepared.add(this.makeRealServer(machine.name, { machine }, this.prepared));
    checkAtSynth(this, () =>
      known.machines.length === machines.length
        ? []
        : [
            `'realServers' must have all its machines before it is used: make the virtual service after the last of them`,
          ],
    );
  }

  private makeRealServer(id: string, options: RealServerOptions, siblings: RealServerList): RealServer {
    const { director, plane } = this.context;
    return RealServer._of(this, id, {
      ...options,
      director,
      plane,
      endpoints: this.endpoints,
      marked: this.mark !== undefined,
      forwarding: options.forwarding ?? this.forwarding,
      ownForwarding: options.forwarding !== undefined,
      onePacket: this.context.onePacket ?? false,
      clients: this.context.clients,
      scheduler: this.scheduler,
      acknowledgement: this.acknowledgement,
      siblings,
      refused: this._isRefused || isRefused(director, options.machine),
    });
  }

  /** @internal */
  get _spec(): ServiceSpec {
    const { persistenceTimeout, persistenceNetmask, onePacket } = this.context;
    return {
      chain: chainName(this.node.id),
      family: familyOf(this.address),
      endpoints: this.endpoints,
      mark: this.mark,
      scheduler: this.scheduler,
      persistenceTimeoutSeconds: persistenceTimeout === undefined ? undefined : secondsOf(persistenceTimeout),
      persistenceNetmask,
      onePacket: onePacket ?? false,
      clients: this.clients,
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

  private validate(): boolean {
    const { context, endpoints, forwarding, scheduler } = this;
    const validation = new Validation(this);
    checkEndpoints(validation, endpoints, {
      ...context,
      taken: context.takenPorts,
      follows: this.followed !== undefined,
    });
    checkServiceOptions(validation, endpoints, context);
    const { realServers = [] } = context;
    // The type lets nothing else through; programs in JavaScript have no types.
    validation.require(Array.isArray(realServers) || RealServers.isRealServers(realServers), {
      property: "realServers",
      rule: "must be a list, or made by RealServers",
      cure: "use RealServers.ofJob(job), RealServers.ofGateway(gateway) or RealServers.fromConsul(name)",
    });
    validation.add(...planeFailures(context.plane, { ...context, forwarding, scheduler }));
    validation.add(...forwardingFailures(forwarding));
    const wellFormed = endpoints.filter(({ address }) => normalizeAddress(address) !== undefined);
    const service = { endpoints: wellFormed, forwarding, onePacket: context.onePacket ?? false };
    const findings = isRefused(context.director) ? [] : serviceFindings(context.director, service);
    if (this.followed !== undefined) {
      checkFollowed(validation, this.followed, { ...context, forwarding });
      findings.push(...followFindings(this.followed.service, forwarding));
    }
    this.acknowledgement.judge(this, validation, findings);
    if (!validation.passes()) return false;
    const drains = hashingWarning(scheduler);
    if (drains !== undefined) this.acknowledgement.warn(this, Refusal.HASHING_WITHOUT_FALLBACK, drains);
    return true;
  }

  private sharedRealServers(): { refusal: Refusal; message: string }[] {
    const message = sharedRealServerWarning(this);
    return message === undefined ? [] : [{ refusal: Refusal.SHARED_REAL_SERVER, message }];
  }
}

/** Ids of servers given as a list: the machine's name and the port, numbered where that is taken. */
function freeId({ machine, port }: RealServerOptions, taken: Map<string, number>): string {
  const id = port === undefined ? machine.name : `${machine.name}-${port}`;
  const count = (taken.get(id) ?? 0) + 1;
  taken.set(id, count);
  return count === 1 ? id : `${id}.${count}`;
}

function followsConsul(id: string, { service }: FollowedService): Failure {
  return {
    property: "addRealServer",
    rule: `can't add ${id}, because the real servers are the instances of ${service} in Consul`,
    cure: `register it in Consul as an instance of ${service}, or make a virtual service of fixed ones`,
  };
}
