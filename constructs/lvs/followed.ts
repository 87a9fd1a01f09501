import { ConsulService } from "../consul";
import { IMachine } from "../machine";
import { chainName, Sources } from "../packets";
import { durationFailures, durationOf, secondsOf } from "../private/duration";
import { Failure } from "../private/failure";
import { Validation } from "../private/validation";
import { ConvergenceBudget } from "./convergence";
import { EmptyPolicy } from "./empty-policy";
import { ForwardingMethod } from "./forwarding-method";
import { Plane } from "./plane";
import { FollowSpec, RealServerSpec } from "./spec";
import { connectionSources, Host, snatChoices } from "./topology";
import { requireDuration, requireKnown } from "./values";

/** Options of real servers that come from Consul. */
export interface FollowOptions {
  /** Only instances with this tag. @default - that of the `ConsulService`, or all of them */
  readonly tag?: string;
  /** Datacenter that is joined with the director's own one. @default - the director's own */
  readonly datacenter?: string;
  /** Behavior while no instance is healthy. @default EmptyPolicy.refuse() */
  readonly whenEmpty?: EmptyPolicy;
  /**
   * Damping: a change is applied once there was no other for `min`, and at the latest after `max`.
   *
   * @default { min: "1s", max: "4s" }
   */
  readonly wait?: WaitOptions;
}

/**
 * Wait of consul-template before it renders a change: Go durations from `"0s"` to `"1h"`, `min` at most `max`.
 *
 * @see https://github.com/hashicorp/consul-template/blob/main/docs/configuration.md
 */
export interface WaitOptions {
  /** Time without changes. */
  readonly min: string;
  /** Longest wait while changes continue. */
  readonly max: string;
}

/**
 * Instances of one service that run only on machines of the program, for example a gateway's. Direct routing and tunneling can be set up
 * for them, too.
 */
export interface KnownInstances {
  /** The service in Consul. */
  readonly service: ConsulService;
  /** Machines of the instances, up to the time of reading. */
  readonly machines: readonly IMachine[];
  /** Makes every instance answer on that port, too, because direct routing and tunneling keep the virtual service's port. */
  listenOn(port: number): void;
}

/** A service of Consul whose healthy instances are the real servers of a virtual service; made by `RealServers`. */
export class FollowedService {
  /** @internal */
  static _of(named: ConsulService, options: FollowOptions, known?: KnownInstances): FollowedService {
    return new FollowedService(named, options, known);
  }

  /** Its name in Consul. */
  readonly service: string;
  /** Tag of the instances. @default - any */
  readonly tag: string | undefined;
  /** Datacenter of the instances. @default - the director's own */
  readonly datacenter: string | undefined;
  /** Behavior while no instance is healthy. */
  readonly whenEmpty: EmptyPolicy;
  /** Damping of changes. */
  readonly wait: WaitOptions;

  private constructor(
    /** What is known of it. @internal */
    readonly _named: ConsulService,
    options: FollowOptions,
    /** Where its instances run. @default - anywhere */
    readonly known?: KnownInstances,
  ) {
    const { whenEmpty = EmptyPolicy.refuse(), wait = { min: "1s", max: "4s" } } = options;
    this.service = _named.name;
    this.tag = options.tag ?? _named.tag;
    this.datacenter = options.datacenter;
    this.whenEmpty = whenEmpty;
    this.wait = wait;
  }
}

/** What the director is, for a virtual service that follows Consul. */
interface FollowContext {
  readonly plane: Plane;
  readonly forwarding: ForwardingMethod;
  /** Whether its director has an agent. */
  readonly hasConsul: boolean;
}

/** Everything that keeps a virtual service from following Consul. */
export function checkFollowed(validation: Validation, followed: FollowedService, context: FollowContext): void {
  const { service, tag, datacenter, wait, whenEmpty } = followed;
  requireKnown(validation, { service, tag, datacenter });
  // consul-template asks for `tag.service@datacenter`, so none of them can hold what ends it.
  checkName(validation, "service", service, /^[\w-]{1,128}$/, "letters, digits, '-' and '_'");
  checkName(validation, "tag", tag, /^[\w=:.-]{1,128}$/, "letters, digits and any of '-_=:.'");
  const given = followed._named.tag;
  validation.require(given === undefined || tag === given, {
    property: "tag",
    rule: `can't be another one than that of the service, which is ${given ?? ""}`,
    got: tag,
    cure: "leave it out, or give the service's name alone",
  });
  checkName(validation, "datacenter", datacenter, /^[\w.-]{1,128}$/, "letters, digits and any of '-_.'");
  const range = { min: "0s", max: "1h" };
  requireDuration(validation, "wait.min", wait.min, range, "'1s' is usual");
  requireDuration(validation, "wait.max", wait.max, range, "'4s' is usual");
  validation.require(!(secondsOf(wait.min) > secondsOf(wait.max)), {
    property: "wait",
    rule: "can't have a 'min' above its 'max'",
    got: wait,
    cure: `swap them, or leave it out for { min: "1s", max: "4s" }`,
  });
  const cure = "'30s' is usual; EmptyPolicy.keepLast() has no limit";
  requireDuration(validation, "grace", whenEmpty.grace, { min: "0s", max: "24h", whole: "seconds" }, cure);
  const { lag, shutdownDelay } = followed._named;
  validation.add(...durationFailures({ "service.lag": lag, "service.shutdownDelay": shutdownDelay }));
  validation.add(...contextFailures(context, followed.known !== undefined));
}

function contextFailures({ plane, forwarding, hasConsul }: FollowContext, known: boolean): Failure[] {
  if (plane === Plane.IPTABLES) {
    return [
      {
        property: "realServers",
        rule: "can't come from Consul on the iptables plane, whose rules only a deployment changes",
        cure: "give a fixed list, or use a director with plane: Plane.IPVS",
      },
    ];
  }
  return [
    ...(hasConsul ? [] : [NO_CONSUL]),
    ...(forwarding.name === "masquerading" || known
      ? []
      : [
          {
            property: "realServers",
            rule: `can't come from Consul with ${forwarding.name}, which can't change the port, and has to set up every real server's machine: neither is known before an instance runs`,
            cure: "use ForwardingMethod.masquerading({ snat: true }), or give a fixed list",
          },
        ]),
  ];
}

const NO_CONSUL: Failure = {
  property: "realServers",
  rule: "can't come from Consul, because the director has no Consul to ask",
  cure: "give the director one: new Director(…, { machine, consul })",
};

/** What doesn't fit together between a service and the director that follows it, though each of it is right. */
export function followWarnings(followed: FollowedService): string[] {
  const { service, wait, whenEmpty } = followed;
  const { lag, shutdownDelay } = followed._named;
  const known = new ConvergenceBudget({ templateWaitMax: wait.max }).lag;
  const { grace } = whenEmpty;
  return [
    ...(shutdownDelay === undefined || secondsOf(shutdownDelay) >= secondsOf(known)
      ? []
      : [
          `'wait' lets up to ${known} pass until an instance of ${service} that left gets no new connections, and it serves for ${shutdownDelay} after it left: lower 'wait.max', or raise the shutdown delay of ${service} to ${wholeSeconds(known)}`,
        ]),
    ...(lag === undefined || grace === undefined || secondsOf(grace) === 0 || secondsOf(grace) >= secondsOf(lag)
      ? []
      : [
          `'whenEmpty' has a grace of ${grace}, and the checks of ${service} need up to ${lag} to find a healthy instance again after a restart of Consul: raise 'grace' to '${wholeSeconds(lag)}', or shorten the checks`,
        ]),
  ];
}

/** Where the connections of followed instances come from, wherever these run. */
export function followerSources(
  forwarding: ForwardingMethod,
  director: Host,
  vips: readonly string[],
  clients: Sources,
): Sources {
  const snatTo = vips.flatMap((vip) => snatChoices(director, vip));
  return connectionSources(
    forwarding,
    director,
    snatTo.map(({ address }) => address),
    clients,
  );
}

/** The next whole second. */
function wholeSeconds(text: string): string {
  return durationOf(Math.ceil(secondsOf(text)));
}

/** @param id of the virtual service */
export function followSpec(
  id: string,
  followed: FollowedService,
  at: {
    readonly director: Host;
    readonly vip: string;
    readonly forwarding: ForwardingMethod;
    /** The only machines where an instance can be reached. @default - any */
    readonly only?: readonly RealServerSpec[];
  },
): FollowSpec {
  const { service, tag, datacenter, wait, whenEmpty } = followed;
  return {
    name: chainName(id).replace(/^VIPSTACK-/, ""),
    service,
    tag,
    datacenter,
    wait,
    graceSeconds: whenEmpty.grace === undefined ? undefined : secondsOf(whenEmpty.grace),
    snatTo: at.forwarding.snat ? snatChoices(at.director, at.vip) : [],
    ...(at.only && { only: at.only.map(({ address }) => address), port: at.only[0]?.port }),
  };
}

function checkName(
  validation: Validation,
  property: string,
  value: string | undefined,
  pattern: RegExp,
  allowed: string,
): void {
  validation.require(value === undefined || pattern.test(value), {
    property,
    rule: `must consist of ${allowed}`,
    got: value,
    cure: "write it as it is registered in Consul; another name can't be followed",
  });
}
