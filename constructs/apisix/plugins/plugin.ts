import { Failure } from "../../private/failure";
import { isMarked, mark } from "../../private/mark";
import type { ObjectContext } from "../object";
import { ApisixObject } from "../render/document";
import { cors, CorsPluginOptions, ipRestriction, IpRestrictionPluginOptions } from "./access";
import {
  jwtAuth,
  jwtAuthCredential,
  JwtAuthCredentialOptions,
  JwtAuthPluginOptions,
  keyAuth,
  keyAuthCredential,
  KeyAuthCredentialOptions,
  KeyAuthPluginOptions,
} from "./auth";
import { limitCount, LimitCountPluginOptions, limitReq, LimitReqPluginOptions } from "./limits";
import { PluginParts, ToUpstreamId } from "./parts";
import { prometheus, PrometheusPluginOptions, realIp, RealIpPluginOptions } from "./requests";
import { requestId, RequestIdPluginOptions } from "./requests";
import { proxyRewrite, ProxyRewritePluginOptions, redirect, RedirectPluginOptions } from "./rewrite";
import { apiBreaker, ApiBreakerPluginOptions, trafficSplit, TrafficSplitPluginOptions } from "./traffic";

/**
 * A plugin of APISIX, which processes requests or connections.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/plugin/
 */
export class Plugin {
  /** Whether something is a plugin. */
  static isPlugin(x: unknown): x is Plugin {
    return isMarked(x, "Plugin");
  }

  /** Limits requests in a window of time. @see https://apisix.apache.org/docs/apisix/plugins/limit-count/ */
  static limitCount(options: LimitCountPluginOptions): Plugin {
    return new Plugin(limitCount(options));
  }

  /** Limits the rate of requests. @see https://apisix.apache.org/docs/apisix/plugins/limit-req/ */
  static limitReq(options: LimitReqPluginOptions): Plugin {
    return new Plugin(limitReq(options));
  }

  /** Accepts only requests with the key of a {@link Consumer}. @see https://apisix.apache.org/docs/apisix/plugins/key-auth/ */
  static keyAuth(options: KeyAuthPluginOptions = {}): Plugin {
    return new Plugin(keyAuth(options));
  }

  /** The key of a {@link Consumer}. @see https://apisix.apache.org/docs/apisix/plugins/key-auth/ */
  static keyAuthCredential(options: KeyAuthCredentialOptions): Plugin {
    return new Plugin(keyAuthCredential(options));
  }

  /** Accepts only requests with a JSON web token of a {@link Consumer}. @see https://apisix.apache.org/docs/apisix/plugins/jwt-auth/ */
  static jwtAuth(options: JwtAuthPluginOptions = {}): Plugin {
    return new Plugin(jwtAuth(options));
  }

  /**
   * The secret or public key that verifies the tokens of a {@link Consumer}.
   *
   * @see https://apisix.apache.org/docs/apisix/plugins/jwt-auth/
   */
  static jwtAuthCredential(options: JwtAuthCredentialOptions): Plugin {
    return new Plugin(jwtAuthCredential(options));
  }

  /** Changes path, host, method or headers of requests. @see https://apisix.apache.org/docs/apisix/plugins/proxy-rewrite/ */
  static proxyRewrite(options: ProxyRewritePluginOptions): Plugin {
    return new Plugin(proxyRewrite(options));
  }

  /** Redirects the client to another URL. @see https://apisix.apache.org/docs/apisix/plugins/redirect/ */
  static redirect(options: RedirectPluginOptions): Plugin {
    return new Plugin(redirect(options));
  }

  /** Lets scripts of other sites use the route (CORS). @see https://apisix.apache.org/docs/apisix/plugins/cors/ */
  static cors(options: CorsPluginOptions = {}): Plugin {
    return new Plugin(cors(options));
  }

  /** Allows or denies clients by their addresses. @see https://apisix.apache.org/docs/apisix/plugins/ip-restriction/ */
  static ipRestriction(options: IpRestrictionPluginOptions): Plugin {
    return new Plugin(ipRestriction(options));
  }

  /** Exports metrics for Prometheus. @see https://apisix.apache.org/docs/apisix/plugins/prometheus/ */
  static prometheus(options: PrometheusPluginOptions = {}): Plugin {
    return new Plugin(prometheus(options));
  }

  /** Circuit breaker for an upstream that answers with errors. @see https://apisix.apache.org/docs/apisix/plugins/api-breaker/ */
  static apiBreaker(options: ApiBreakerPluginOptions): Plugin {
    return new Plugin(apiBreaker(options));
  }

  /** Sends a share of the requests to other upstreams. @see https://apisix.apache.org/docs/apisix/plugins/traffic-split/ */
  static trafficSplit(options: TrafficSplitPluginOptions): Plugin {
    return new Plugin(trafficSplit(options));
  }

  /** Gives every request an id. @see https://apisix.apache.org/docs/apisix/plugins/request-id/ */
  static requestId(options: RequestIdPluginOptions = {}): Plugin {
    return new Plugin(requestId(options));
  }

  /** Takes the client's address from a header or another variable. @see https://apisix.apache.org/docs/apisix/plugins/real-ip/ */
  static realIp(options: RealIpPluginOptions): Plugin {
    return new Plugin(realIp(options));
  }

  /**
   * Any other plugin, with the fields of its own documentation, which are not checked.
   *
   * @param config fields as on its page at https://apisix.apache.org/docs/apisix/plugins/: `{ proxy_buffering: false }`
   */
  static other(name: string, config: object): Plugin {
    const rendered = structuredClone(config) as ApisixObject;
    return new Plugin({ name, render: () => rendered, failures: () => [] });
  }

  private constructor(private readonly parts: PluginParts) {
    mark(this, "Plugin");
  }

  /** Its name in APISIX. */
  get name(): string {
    return this.parts.name;
  }

  /** @internal */
  get _role(): PluginParts["role"] {
    return this.parts.role;
  }

  /** @internal @param at where the caller wrote it */
  _render(toUpstreamId: ToUpstreamId, at: string): ApisixObject {
    return this.parts.render(toUpstreamId, at);
  }

  /** @internal @param at where the caller wrote it */
  _failures(at: string, context: ObjectContext): Failure[] {
    return this.parts.failures(at, context);
  }
}
