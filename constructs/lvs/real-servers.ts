import { ConsulService } from "../consul";
import { IMachine } from "../machine";

export interface RefuseOptions {
  /** How long the last real servers stay before clients are refused, 0 to 86400 s. @default 30 */
  readonly graceSeconds?: number;
}

/** What happens to a virtual service when Consul has no healthy instance for it. */
export class EmptyPolicy {
  /**
   * Clients are refused at once, after a time in which the last real servers stay: an empty answer is often an accident of
   * the registry (a restart, a check that fails everywhere), not of every instance.
   */
  static refuse(options: RefuseOptions = {}): EmptyPolicy {
    return new EmptyPolicy(options.graceSeconds ?? 30);
  }

  /** The last real servers stay until an instance is healthy again, however long. */
  static keepLast(): EmptyPolicy {
    return new EmptyPolicy(undefined);
  }

  private constructor(
    /** Undefined: without limit. */
    readonly graceSeconds: number | undefined,
  ) {}
}

export interface FollowOptions {
  /** Only instances with this tag. @default - that of the `ConsulService`, or all of them */
  readonly tag?: string;
  /** A datacenter that the director's own one is joined with. @default - the director's own */
  readonly datacenter?: string;
  /** What happens when no instance is healthy. @default EmptyPolicy.refuse() */
  readonly whenEmpty?: EmptyPolicy;
  /**
   * Damping: changes are carried out once there was none for `min` seconds, and at the latest after `max`; 0 to 3600 s each.
   *
   * @default { min: 1, max: 4 }
   */
  readonly waitSeconds?: WaitSeconds;
}

/** @see https://github.com/hashicorp/consul-template/blob/main/docs/configuration.md */
export interface WaitSeconds {
  readonly min: number;
  readonly max: number;
}

/**
 * Instances of one service that only run on machines which the program knows, a gateway's for example. Direct routing and
 * tunneling can be set up for them, too.
 */
export interface KnownInstances {
  readonly service: ConsulService;
  /** As it is when it is read. */
  readonly machines: readonly IMachine[];
  /** Makes every instance answer on that port: the virtual service's own, which direct routing and tunneling keep. @internal */
  _listenOn(port: number): void;
}

/**
 * Real servers that the program doesn't know: all healthy instances, on any address and port.
 *
 * A `ConsulService`, such as a job's, stands for {@link fromConsul} without options.
 */
export class RealServers {
  /**
   * The healthy instances of a Consul service. Each one's weight is that of its registration
   * (`Weights.Passing`), or the `weight` of a job's service.
   *
   * @param service its name in Consul: letters, digits, `-` and `_`
   */
  static fromConsul(service: string | ConsulService | KnownInstances, options: FollowOptions = {}): RealServers {
    const { waitSeconds = { min: 1, max: 4 }, whenEmpty = EmptyPolicy.refuse() } = options;
    const known = typeof service !== "string" && "machines" in service ? service : undefined;
    const named = typeof service === "string" ? { name: service } : (known?.service ?? (service as ConsulService));
    const tag = options.tag ?? named.tag;
    return new RealServers(named, tag, options.datacenter, whenEmpty, waitSeconds, known);
  }

  /** The service's name in Consul. */
  readonly service: string;

  private constructor(
    /** What is known of it. @internal */
    readonly _named: ConsulService,
    readonly tag: string | undefined,
    readonly datacenter: string | undefined,
    readonly whenEmpty: EmptyPolicy,
    readonly waitSeconds: WaitSeconds,
    /** Where its instances run. @default - anywhere */
    readonly known: KnownInstances | undefined,
  ) {
    this.service = _named.name;
  }
}
