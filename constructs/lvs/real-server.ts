import { Construct } from "constructs";
import { hasAddress, IMachine, InterfaceAddress } from "../machine";
import { announceUse } from "../packets";
import { Acknowledgement } from "../private/acknowledgement";
import { Validation } from "../private/validation";
import { ForwardingMethod, forwardingFailures } from "./forwarding-method";
import { onlyIpvs, Plane } from "./plane";
import { RealServerMachine } from "./real-server-machine";
import { hashingFindings, methodFindings, realServerFindings, Refusal } from "./refusals";
import { MAX_NTH_RULES, turnCount } from "./render/balancing";
import { Scheduler } from "./scheduler";
import { Endpoint, familyOf, Protocol, RealServerSpec, socketAddress } from "./spec";
import { connectionSources, mtuBetween, neighbourOf, realServerAddress, snatSource } from "./topology";
import { requireKnown } from "./values";

/** Options of a real server. */
export interface RealServerOptions {
  /**
   * Machine on which the server runs. Its first address of the VIP's family in a subnet of the director takes the connections. If the
   * director is its gateway, it is the first such address outside of the VIP's subnet.
   */
  readonly machine: IMachine;
  /** TCP or UDP port that the server listens on, 1 to 65535. @default - the port that the client asked for */
  readonly port?: number;
  /** Share of new connections relative to the other weights, 0 to 65535; 0 takes no new ones and keeps open ones. @default 1 */
  readonly weight?: number;
  /**
   * How packets reach this real server and come back. Ipvs plane only.
   *
   * @default - that of the virtual service
   */
  readonly forwarding?: ForwardingMethod;
  /** Number of connections at which it gets no new ones, 1 to 65535. Ipvs plane only. @default - no limit */
  readonly upperThreshold?: number;
  /** Number of connections below which it gets new ones again, 1 to `upperThreshold`. @default - three quarters of `upperThreshold` */
  readonly lowerThreshold?: number;
}

/** What a real server gets from its virtual service. @internal */
export interface RealServerContext extends RealServerOptions {
  readonly director: IMachine;
  readonly plane: Plane;
  readonly endpoints: readonly Endpoint[];
  readonly marked: boolean;
  readonly forwarding: ForwardingMethod;
  /** Whether it has its own, which is not checked yet. */
  readonly ownForwarding: boolean;
  readonly onePacket: boolean;
  /** Who may connect to the virtual service. @default - any source */
  readonly clients?: readonly string[];
  readonly scheduler: Scheduler;
  readonly acknowledgement: Acknowledgement<Refusal>;
  /** The real servers that the virtual service has already. */
  readonly siblings: RealServerList;
  /** Whether the virtual service is refused already: then only the numbers are looked at. */
  readonly refused: boolean;
}

/** Of a virtual service that is refused for that. */
const NO_ENDPOINT: Endpoint = { protocol: Protocol.TCP, address: "", port: 0 };

/**
 * A server that takes connections of a virtual service; made by `VirtualService.addRealServer`. It adds to its machine
 * what the forwarding method needs there: a gateway, or the VIP and its ARP settings.
 */
export class RealServer extends Construct {
  /** @internal */
  static _of(service: Construct, id: string, context: RealServerContext): RealServer {
    return new RealServer(service, id, context);
  }

  /** Machine on which the server runs. */
  readonly machine: IMachine;
  /** The machine's address that takes the connections. */
  readonly address: string;
  /** Port that takes the connections; 0 is the port that the client asked for. */
  readonly port: number;
  /** Share of new connections relative to the other weights; 0 takes no new ones. */
  readonly weight: number;
  /** @internal */
  readonly _spec: RealServerSpec;

  private constructor(scope: Construct, id: string, context: RealServerContext) {
    super(scope, id);
    const { machine, director, endpoints, forwarding, plane } = context;
    const [first = NO_ENDPOINT] = endpoints;
    this.machine = machine;
    this.port = context.port ?? (context.marked ? 0 : first.port);
    this.weight = context.weight ?? 1;

    const validation = new Validation(this);
    checkNumbers(validation, context);
    if (context.ownForwarding && !context.refused) checkForwarding(validation, context);
    const own = context.refused ? undefined : addressOn(validation, context, first);
    if (own !== undefined) this.checkMachine(validation, context, own);
    const passes = validation.passes();

    this.address = own?.address ?? machine.address;
    this._spec = {
      address: this.address,
      // Direct routing and tunneling can't change the port, so ipvsadm ignores another one.
      port: forwarding.name === "masquerading" ? this.port : context.marked ? 0 : first.port,
      weight: this.weight,
      upperThreshold: context.upperThreshold,
      lowerThreshold: context.lowerThreshold,
      forwarding,
      snatTo: forwarding.snat && own ? snatSource(director, first.address, own, plane) : undefined,
    };
    if (passes && own !== undefined) this.announce(context);
    if (passes && own !== undefined && machine !== director) this.contribute(context, own);
  }

  /** Tells the firewall of its machine where the connections come from. */
  private announce({ machine, director, endpoints, forwarding, clients }: RealServerContext): void {
    const { port: own, snatTo } = this._spec;
    const sources =
      machine === director
        ? undefined
        : connectionSources(forwarding, director, snatTo === undefined ? [] : [snatTo], clients);
    for (const { protocol, port: asked } of endpoints) {
      const port = own === 0 ? asked : own;
      announceUse(machine, { protocol, port, users: () => [port === 0 ? undefined : sources] });
    }
  }

  private checkMachine(validation: Validation, context: RealServerContext, own: InterfaceAddress): void {
    const { machine, director, endpoints, forwarding, acknowledgement, siblings } = context;
    const twin = siblings.at(own.address, this.port);
    validation.require(twin === undefined, {
      property: "machine",
      rule: `can't be a real server of one virtual service twice; ${socketAddress(own.address, this.port)} is already ${twin?.node.path ?? ""}`,
      got: machine.name,
      cure: "give it another port, or raise the weight of the first one",
    });
    const vip = endpoints.find(({ address }) => machine !== director && hasAddress(machine, address));
    validation.require(vip === undefined, {
      property: "machine",
      rule: `can't have the VIP ${vip?.address ?? ""} as an address of its own`,
      got: machine.name,
      cure: "choose a VIP that no machine has",
    });
    const mtu = mtuBetween(director, own);
    validation.require(forwarding.name !== "tunneling" || own.family === 4 || mtu >= 1320, {
      property: "machine",
      rule: `must be reached over an MTU of at least 1320 for tunneling in IPv6, whose smallest packet of 1280 bytes gets a header of 40`,
      got: mtu,
      cure: `raise the 'mtu' of ${machine.name} or ${director.name}, or use ForwardingMethod.masquerading({ snat: true })`,
    });
    const server = { name: machine.name, addresses: machine.addresses, own, port: this.port };
    const service = { endpoints, forwarding, onePacket: context.onePacket };
    acknowledgement.judge(this, validation, [
      ...(context.ownForwarding ? methodFindings(service) : []),
      ...realServerFindings(director, server, service),
      ...hashingFindings(context.scheduler, { ...context, weight: this.weight }),
    ]);
    checkTurns(validation, context, this.weight);
  }

  private contribute({ machine, director, endpoints, forwarding }: RealServerContext, own: InterfaceAddress): void {
    const vips = [...new Set(endpoints.map(({ address }) => address))];
    if (forwarding.name === "direct routing") RealServerMachine.of(machine, this).addDirectRouting(vips);
    if (forwarding.name === "tunneling")
      RealServerMachine.of(machine, this).addTunneling(vips, own.interface, mtuBetween(director, own));
    if (forwarding.name !== "masquerading" || forwarding.snat) return;
    const gateway = neighbourOf(director, own.address);
    if (gateway !== undefined) RealServerMachine.of(machine, this).setGateway(this, gateway.address, own.interface);
  }
}

/** The real servers of a virtual service, in their order and by their socket. @internal */
export class RealServerList {
  private readonly list: RealServer[] = [];
  private readonly bySocket = new Map<string, RealServer>();

  get all(): readonly RealServer[] {
    return this.list;
  }

  at(address: string, port: number): RealServer | undefined {
    return this.bySocket.get(socketAddress(address, port));
  }

  add(server: RealServer): void {
    this.list.push(server);
    this.bySocket.set(socketAddress(server.address, server.port), server);
  }
}

function checkForwarding(validation: Validation, { forwarding, plane }: RealServerContext): void {
  if (plane === Plane.IPTABLES && forwarding.name !== "masquerading")
    validation.add(onlyIpvs("forwarding", `can't be ${forwarding.name}`));
  validation.add(...forwardingFailures(forwarding));
}

function checkNumbers(validation: Validation, context: RealServerContext): void {
  const { port, weight, upperThreshold, lowerThreshold, plane, endpoints } = context;
  requireKnown(validation, { port, weight, upperThreshold, lowerThreshold });
  validation.integer("port", port, 1, 65535, "choose the port that the server listens on");
  validation.require(port === undefined || endpoints.every((endpoint) => endpoint.port !== 0), {
    property: "port",
    rule: "can't be given for a virtual service of every port, which keeps the one that the client asked for",
    got: port,
    cure: "leave it out, or make a virtual service of that port",
  });
  validation.integer("weight", weight, 0, 65535, "weights count in relation to each other; 0 means no new connections");
  if (plane === Plane.IPTABLES) {
    if (upperThreshold !== undefined) validation.add(onlyIpvs("upperThreshold", "can't be given"));
    if (lowerThreshold !== undefined) validation.add(onlyIpvs("lowerThreshold", "can't be given"));
    return;
  }
  validation.integer("upperThreshold", upperThreshold, 1, 65535, "leave it out for no limit");
  validation.integer("lowerThreshold", lowerThreshold, 1, 65535, "leave it out for three quarters of 'upperThreshold'");
  if (lowerThreshold === undefined) return;
  validation.require(upperThreshold !== undefined, {
    property: "lowerThreshold",
    rule: "has no effect without 'upperThreshold'",
    got: lowerThreshold,
    cure: "give 'upperThreshold', too, or leave both out",
  });
  validation.require(upperThreshold === undefined || lowerThreshold <= upperThreshold, {
    property: "lowerThreshold",
    rule: `can't be above 'upperThreshold' (${upperThreshold ?? 0})`,
    got: lowerThreshold,
    cure: "choose a smaller one, or leave it out for three quarters of 'upperThreshold'",
  });
}

function addressOn(
  validation: Validation,
  { machine, director, endpoints, forwarding }: RealServerContext,
  first: Endpoint,
): InterfaceAddress | undefined {
  const family = familyOf(first.address);
  const own = realServerAddress(director, machine, family, { endpoints, forwarding });
  validation.require(own !== undefined, {
    property: "machine",
    rule: `must have an IPv${family} address, as the VIP ${first.address} has`,
    got: machine.name,
    cure: `give ${machine.name} one in its 'interfaces', or make an IPv${family === 6 ? 4 : 6} virtual service`,
  });
  return own;
}

/** Turns by weight are made of rules on the iptables plane, so some weights would need too many. */
function checkTurns(validation: Validation, context: RealServerContext, weight: number): void {
  if (context.plane !== Plane.IPTABLES || context.scheduler.word !== "wrr") return;
  const weights = [...context.siblings.all.map((sibling) => sibling.weight), weight];
  if (!weights.every((each) => Number.isInteger(each) && each >= 0)) return;
  const count = turnCount(weights);
  validation.require(count <= MAX_NTH_RULES, {
    property: "weight",
    rule: `must let the weights (${weights.join(", ")}) make at most ${MAX_NTH_RULES} turns on the iptables plane, and they make ${count}`,
    got: weight,
    cure: "choose smaller weights, or weights with a common divisor, or Scheduler.RANDOM, which takes any",
  });
}
