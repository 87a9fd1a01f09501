import { ConsulService } from "../consul";
import { ForwardingMethod } from "./forwarding-method";
import { Protocol } from "./protocol";
import { RealServerOptions } from "./real-server";
import { KnownInstances, RealServers } from "./real-servers";
import { Refusal } from "./refusal";
import { Scheduler } from "./scheduler";

/** What every virtual service may have. */
export interface ServiceOptions {
  /** How the real server of a new connection is chosen. @default Scheduler.ROUND_ROBIN */
  readonly scheduler?: Scheduler;
  /** How packets get there and back, unless a real server overrides it. @default ForwardingMethod.masquerading({ snat: true }) - works from anywhere */
  readonly forwarding?: ForwardingMethod;
  /** Connections of one client stay with one real server until so long after its last one, 1 to 2678400 s. Ipvs plane. @default - each is scheduled anew */
  readonly persistenceTimeoutSeconds?: number;
  /** What counts as one client: `255.255.255.0`, for IPv6 a prefix length like `64`. @default - a single address */
  readonly persistenceNetmask?: string;
  /** UDP: each packet is scheduled by itself. Ipvs plane, direct routing or tunneling. @default false */
  readonly onePacket?: boolean;
  /**
   * A fixed list, or the healthy instances of a service in the director's Consul: `RealServers.fromConsul`, a service as a job
   * has it, or a gateway. From Consul: ipvs plane, and masquerading; to a gateway, whose machines are known, any method.
   *
   * @default - none yet: `addRealServer`
   */
  readonly realServers?: readonly RealServerOptions[] | RealServers | ConsulService | KnownInstances;
  /** Refusals to build nevertheless, to see them fail. @default - none */
  readonly acknowledge?: readonly Refusal[];
}

export interface VirtualServiceOptions extends ServiceOptions {
  /**
   * The VIP, IPv4 or IPv6, in a subnet of the director. Where it isn't an address of the director's machine, the director gets
   * it as an additional one.
   */
  readonly address: string;
  /**
   * 1 to 65535; 0 is every port that no other virtual service of the VIP has. That needs persistence, a VIP that is not an
   * address of the director's machine, and the ipvs plane.
   */
  readonly port: number;
  /** @default Protocol.TCP */
  readonly protocol?: Protocol;
}

export interface FirewallMarkServiceOptions extends ServiceOptions {
  /** Any number from 1 to 2147483647 that nothing else on the director marks packets with. */
  readonly mark: number;
  /** What belongs together, of one address family: several ports or VIPs that are one virtual service. */
  readonly endpoints: readonly EndpointOptions[];
}

export interface EndpointOptions {
  /** As in {@link VirtualServiceOptions.address}. */
  readonly address: string;
  /** 1 to 65535; 0 is every port of a VIP that is not an address of the director's machine. */
  readonly port: number;
  /** @default Protocol.TCP */
  readonly protocol?: Protocol;
}
