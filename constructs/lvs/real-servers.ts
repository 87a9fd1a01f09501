import { ConsulService } from "../consul";
import { FollowedService, FollowOptions, KnownInstances } from "./followed";
import type { RealServerOptions } from "./real-server";

/** A job whose instances are registered in Consul, for example `Job` or `WebJob`. */
export interface JobWithServices {
  /** The service of a port. @param port label of the port */
  service(port?: string): ConsulService;
}

/** Options of {@link RealServers.ofJob}. */
export interface JobRealServersOptions extends FollowOptions {
  /** Label of the port with which the service is registered. @default - the job's only service */
  readonly port?: string;
}

const REAL_SERVERS = Symbol.for("vipstack.RealServers");

/**
 * Source of a virtual service's real servers: a fixed list, or the healthy instances of a service in Consul on any address and port.
 */
export class RealServers {
  /** Whether something is made by this class, also where the program has two copies of the library. */
  static isRealServers(value: unknown): value is RealServers {
    return typeof value === "object" && value !== null && REAL_SERVERS in value;
  }

  /** Servers on machines of the program; the same as the plain list. */
  static of(servers: readonly RealServerOptions[]): RealServers {
    return new RealServers(servers, undefined);
  }

  /**
   * The healthy instances of a Consul service. Each one's weight is that of its registration
   * (`Weights.Passing`), or the `weight` of a job's service.
   *
   * @param service its name in Consul: letters, digits, `-` and `_`; or a service as a job has it
   */
  static fromConsul(service: string | ConsulService, options: FollowOptions = {}): RealServers {
    const named = typeof service === "string" ? { name: service } : service;
    return new RealServers([], FollowedService._of(named, options));
  }

  /**
   * The healthy instances of a gateway. Its machines are known, so any forwarding method is possible; make the virtual service
   * after the last of them.
   */
  static ofGateway(gateway: KnownInstances, options: FollowOptions = {}): RealServers {
    return new RealServers([], FollowedService._of(gateway.service, options, gateway));
  }

  /** The healthy instances of a job's service. From then on the group's shutdown delay must be long enough for a director. */
  static ofJob(job: JobWithServices, options: JobRealServersOptions = {}): RealServers {
    const { port, ...rest } = options;
    return RealServers.fromConsul(job.service(port), rest);
  }

  private constructor(
    /** @internal */
    readonly _fixed: readonly RealServerOptions[],
    /** @internal */
    readonly _followed: FollowedService | undefined,
  ) {
    Object.defineProperty(this, REAL_SERVERS, { value: true });
  }
}
