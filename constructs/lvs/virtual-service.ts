import { Annotations, Aspects } from "cdktf";
import { Construct } from "constructs";
import { IMachine, normalizeAddress } from "../machine";
import { describeFailure, Failure } from "../private/failure";
import { Validation, ValidationError } from "../private/validation";
import { Acknowledgement } from "./acknowledgement";
import { chainName } from "./chain-name";
import { Claim } from "./claim";
import { checkFollowed, followFindings, followSpec, followWarnings, readRealServers } from "./follow";
import { ForwardingMethod } from "./forwarding-method";
import { hashingWarning } from "./hashing-rules";
import { Plane } from "./plane";
import { forwardingFailures, planeFailures } from "./plane-limits";
import { Protocol } from "./protocol";
import { RealServer, RealServerOptions } from "./real-server";
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
  readonly claims: readonly Claim[];
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
  private readonly servers: RealServer[] = [];
  /** The machines of followed instances, set up for a forwarding method that needs it. */
  private readonly prepared: RealServer[] = [];
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
    for (const options of fixed) this.addRealServer(this.idFor(options), options);
    if (followed?.known !== undefined && this.forwarding.name !== "masquerading") this.prepare(followed.known);
    Aspects.of(this).add({
      visit: (node) => {
        if (node === this) this.warn();
      },
    });
  }

  /** The fixed ones. */
  get realServers(): RealServer[] {
    return [...this.servers];
  }

  /**
   * Adds a server that takes connections.
   *
   * @throws ValidationError where it can't work with the forwarding method, or where the real servers come from Consul
   */
  addRealServer(id: string, options: RealServerOptions): RealServer {
    if (this.followed !== undefined) throw new ValidationError(this, [followsConsul(id, this.followed)]);
    const server = this.makeRealServer(id, options, this.servers);
    this.servers.push(server);
    return server;
  }

  /** Both ends, as for fixed real servers; Consul decides which of them are used. */
  private prepare(known: KnownInstances): void {
    for (const { port } of this.endpoints) known._listenOn(port);
    const machines = [...known.machines];
    for (const machine of machines) this.prepared.push(this.makeRealServer(machine.name, { machine }, this.prepared));
    this.node.addValidation({
      validate: () =>
        known.machines.length === machines.length
          ? []
          : [
              `'realServers' must have all its machines before it is used: make the virtual service after the last of them`,
            ],
    });
  }

  private makeRealServer(id: string, options: RealServerOptions, siblings: readonly RealServer[]): RealServer {
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
      realServers: this.servers.map((server) => server._spec),
      follows:
        this.followed &&
        followSpec(this.node.id, this.followed, {
          director: this.context.director,
          vip: this.address,
          forwarding: this.forwarding,
          ...(this.prepared.length > 0 && { only: this.prepared.map((server) => server._spec) }),
        }),
    };
  }

  /** Ids of servers given as a list: the machine's name and the port, numbered where that is taken. */
  private idFor({ machine, port }: RealServerOptions): string {
    const id = port === undefined ? machine.name : `${machine.name}-${port}`;
    const taken = this.servers.filter(({ node }) => node.id === id || node.id.startsWith(`${id}.`)).length;
    return taken === 0 ? id : `${id}.${taken + 1}`;
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
    if (this.servers.length === 0 && this.followed === undefined)
      warn("has no real server, so clients are refused: addRealServer");
    if (this.followed !== undefined) followWarnings(this.followed).forEach(warn);
    const weights = new Set(this.servers.map(({ weight }) => weight).filter((weight) => weight > 0));
    if (this.scheduler.word === "rr" && weights.size > 1)
      warn(`'weight' has no effect with Scheduler.ROUND_ROBIN (${[...weights].join(", ")}): use WEIGHTED_ROUND_ROBIN`);
  }
}

function followsConsul(id: string, { service }: RealServers): Failure {
  return {
    property: "addRealServer",
    rule: `can't add ${id}, because the real servers are the instances of ${service} in Consul`,
    cure: `register it in Consul as an instance of ${service}, or make a virtual service of fixed ones`,
  };
}
