import { Brand } from "../../private/brand";
import { Failure } from "../../private/failure";
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

const BRAND = new Brand<Plugin>("Plugin");

/**
 * Something that a gateway does with requests or connections on their way.
 *
 * @see https://apisix.apache.org/docs/apisix/terminology/plugin/
 */
export class Plugin {
  /** Whether something is a plugin. */
  static isPlugin(x: unknown): x is Plugin {
    return BRAND.isOn(x);
  }

  /** So many requests in so many seconds. @see https://apisix.apache.org/docs/apisix/plugins/limit-count/ */
  static limitCount(options: LimitCountPluginOptions): Plugin {
    return new Plugin(limitCount(options));
  }

  /** A steady rate of requests. @see https://apisix.apache.org/docs/apisix/plugins/limit-req/ */
  static limitReq(options: LimitReqPluginOptions): Plugin {
    return new Plugin(limitReq(options));
  }

  /** Only with a consumer's key. @see https://apisix.apache.org/docs/apisix/plugins/key-auth/ */
  static keyAuth(options: KeyAuthPluginOptions = {}): Plugin {
    return new Plugin(keyAuth(options));
  }

  /** The key of a {@link Consumer}. @see https://apisix.apache.org/docs/apisix/plugins/key-auth/ */
  static keyAuthCredential(options: KeyAuthCredentialOptions): Plugin {
    return new Plugin(keyAuthCredential(options));
  }

  /** Only with a consumer's token. @see https://apisix.apache.org/docs/apisix/plugins/jwt-auth/ */
  static jwtAuth(options: JwtAuthPluginOptions = {}): Plugin {
    return new Plugin(jwtAuth(options));
  }

  /**
   * What the tokens of a {@link Consumer} are checked with.
   *
   * @see https://apisix.apache.org/docs/apisix/plugins/jwt-auth/
   */
  static jwtAuthCredential(options: JwtAuthCredentialOptions): Plugin {
    return new Plugin(jwtAuthCredential(options));
  }

  /** Another path, host, method or header. @see https://apisix.apache.org/docs/apisix/plugins/proxy-rewrite/ */
  static proxyRewrite(options: ProxyRewritePluginOptions): Plugin {
    return new Plugin(proxyRewrite(options));
  }

  /** Sends the client elsewhere. @see https://apisix.apache.org/docs/apisix/plugins/redirect/ */
  static redirect(options: RedirectPluginOptions): Plugin {
    return new Plugin(redirect(options));
  }

  /** Lets pages of other sites ask. @see https://apisix.apache.org/docs/apisix/plugins/cors/ */
  static cors(options: CorsPluginOptions = {}): Plugin {
    return new Plugin(cors(options));
  }

  /** Who may come, by address. @see https://apisix.apache.org/docs/apisix/plugins/ip-restriction/ */
  static ipRestriction(options: IpRestrictionPluginOptions): Plugin {
    return new Plugin(ipRestriction(options));
  }

  /** Counts requests. @see https://apisix.apache.org/docs/apisix/plugins/prometheus/ */
  static prometheus(options: PrometheusPluginOptions = {}): Plugin {
    return new Plugin(prometheus(options));
  }

  /** Spares an upstream that answers with errors. @see https://apisix.apache.org/docs/apisix/plugins/api-breaker/ */
  static apiBreaker(options: ApiBreakerPluginOptions): Plugin {
    return new Plugin(apiBreaker(options));
  }

  /** A share of the requests elsewhere. @see https://apisix.apache.org/docs/apisix/plugins/traffic-split/ */
  static trafficSplit(options: TrafficSplitPluginOptions): Plugin {
    return new Plugin(trafficSplit(options));
  }

  /** A name for every request. @see https://apisix.apache.org/docs/apisix/plugins/request-id/ */
  static requestId(options: RequestIdPluginOptions = {}): Plugin {
    return new Plugin(requestId(options));
  }

  /** The client's own address. @see https://apisix.apache.org/docs/apisix/plugins/real-ip/ */
  static realIp(options: RealIpPluginOptions): Plugin {
    return new Plugin(realIp(options));
  }

  /**
   * Any other one, with the fields of its own documentation: its options are not checked here.
   *
   * @param config as its page at https://apisix.apache.org/docs/apisix/plugins/ has it: `{ proxy_buffering: false }`
   */
  static other(name: string, config: object): Plugin {
    const rendered = structuredClone(config) as ApisixObject;
    return new Plugin({ name, render: () => rendered, failures: () => [] });
  }

  private constructor(private readonly parts: PluginParts) {
    BRAND.mark(this);
  }

  /** As APISIX calls it. */
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
