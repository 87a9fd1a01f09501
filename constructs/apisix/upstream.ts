import { ConsulService } from "../consul";
import { rangeFailures, secondsOf } from "../private/duration";
import { Failure } from "../private/failure";
import { apisixVersionFailures } from "./apisix-versions-rules";
import { ApisixObject, wire, wireOptional } from "./document-text";
import { renderHealthCheck } from "./health-check-rules";
import { isStream, Place } from "./place";
import { SERVICE_TIMEOUT, ServiceUpstreamOptions, UpstreamOptions, UpstreamType } from "./upstream-options";
import { isStreamScheme, nodeFailures, serviceNameFailures, upstreamFailures } from "./upstream-rules";

/** As when-empty.lua has it. */
const FOR_GOOD = -1;

const WHOLE_SECONDS_OF_A_DAY = { min: "0s", max: "24h", wholeSeconds: true };

/**
 * Where a gateway sends requests to.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/upstream/
 */
export class Upstream {
  /**
   * The healthy instances of a service in Consul, whatever they are at the moment; where none is, the last ones for a while.
   *
   * @param service of a job, as `job.service("www")` returns it, or a name
   */
  static toService(service: ConsulService | string, options: ServiceUpstreamOptions = {}): Upstream {
    const { elsewhere = false, whenEmpty, ...rest } = options;
    // The type lets no number through; programs in JavaScript have no types.
    const named: ConsulService = typeof service === "object" ? service : { name: service };
    const target = {
      service_name: named.name,
      discovery_type: "consul",
      ...(whenEmpty && {
        discovery_args: { grace_seconds: whenEmpty.grace === undefined ? FOR_GOOD : secondsOf(whenEmpty.grace) },
      }),
    };
    return new Upstream(target, rest, named, elsewhere, (at) => [
      ...serviceNameFailures(at, named),
      ...rangeFailures(`${at}.whenEmpty.grace`, whenEmpty?.grace, WHOLE_SECONDS_OF_A_DAY, "'30s' is usual"),
    ]);
  }

  /** Fixed nodes. @param nodes `HOST:PORT` to a weight, 0 or more: `{ "httpbin.org:80": 1 }` */
  static toNodes(nodes: Readonly<Record<string, number>>, options: UpstreamOptions = {}): Upstream {
    return new Upstream({ nodes: { ...nodes } }, options, undefined, false, (at) => nodeFailures(at, nodes));
  }

  private constructor(
    private readonly target: ApisixObject,
    private readonly options: UpstreamOptions,
    /** The service in Consul. @default - it has fixed nodes */
    readonly service: ConsulService | undefined,
    /** Whether the service is registered outside of this program. */
    readonly elsewhere: boolean,
    private readonly targetFailures: (at: string) => Failure[],
  ) {}

  /** @internal @param stream whether it is for connections, which may be silent for longer than a request */
  _render(stream: boolean): ApisixObject {
    const { type = UpstreamType.ROUNDROBIN, scheme, keepalivePool, checks } = this.options;
    const byDefault = this.service === undefined || stream || isStreamScheme(scheme) ? undefined : SERVICE_TIMEOUT;
    const { timeout = byDefault } = this.options;
    return {
      ...this.target,
      ...wire({
        ...this.options,
        type,
        timeout: timeout && { ...timeout },
        keepalivePool: wireOptional(keepalivePool),
        checks: checks && renderHealthCheck(checks),
      }),
    };
  }

  /** @internal @param at where the caller wrote it */
  _failures(at: string, place: Place): Failure[] {
    const { kind, version } = place;
    const surroundings = {
      // A shared one, or a service's, may be for either.
      stream: kind === "upstreams" || kind === "services" ? undefined : isStream(place),
    };
    return [
      ...this.targetFailures(at),
      ...upstreamFailures(at, this.options, surroundings),
      ...apisixVersionFailures("upstream", at, this._render(isStream(place)), version),
    ];
  }
}
