import { ConsulService } from "../consul";
import { Failure } from "../private/failure";
import { Validation } from "../private/validation";
import { chainName } from "./chain-name";
import { timingWarnings } from "./follow-timing-rules";
import { ForwardingMethod } from "./forwarding-method";
import { requireKnown } from "./known-values";
import { Plane } from "./plane";
import { RealServerOptions } from "./real-server";
import { KnownInstances, RealServers } from "./real-servers";
import { Finding, Refusal } from "./refusal";
import { FollowSpec, RealServerSpec } from "./service-spec";
import { Place, snatChoices } from "./topology";

/** `realServers` of a virtual service as what it means: a fixed list, or a service to follow. */
export function readRealServers(
  given: readonly RealServerOptions[] | RealServers | ConsulService | KnownInstances | undefined,
): {
  readonly fixed: readonly RealServerOptions[];
  readonly followed?: RealServers;
} {
  if (given === undefined) return { fixed: [] };
  if (given instanceof RealServers) return { fixed: [], followed: given };
  return "name" in given || "machines" in given
    ? { fixed: [], followed: RealServers.fromConsul(given) }
    : { fixed: given };
}

/** What the director is, for a virtual service that follows Consul. */
interface FollowContext {
  readonly plane: Plane;
  readonly forwarding: ForwardingMethod;
  /** Whether its director has an agent. */
  readonly hasConsul: boolean;
}

/** Everything that keeps a virtual service from following Consul. */
export function checkFollowed(validation: Validation, followed: RealServers, context: FollowContext): void {
  const { service, tag, datacenter, waitSeconds, whenEmpty } = followed;
  const { min, max } = waitSeconds;
  const { graceSeconds } = whenEmpty;
  requireKnown(validation, { service, tag, datacenter, "waitSeconds.min": min, "waitSeconds.max": max, graceSeconds });
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
  validation.integer("waitSeconds.min", min, 0, 3600, "1 is usual");
  validation.integer("waitSeconds.max", max, 0, 3600, "4 is usual");
  validation.require(!(min > max), {
    property: "waitSeconds",
    rule: "can't have a 'min' above its 'max'",
    got: waitSeconds,
    cure: `swap them, or leave it out for { min: 1, max: 4 }`,
  });
  validation.integer("graceSeconds", graceSeconds, 0, 86400, "30 is usual; EmptyPolicy.keepLast() is for ever");
  validation.add(...contextFailures(context, followed.known !== undefined));
}

function contextFailures({ plane, forwarding, hasConsul }: FollowContext, known: boolean): Failure[] {
  if (plane === Plane.IPTABLES) {
    return [
      {
        property: "realServers",
        rule: "can't come from Consul on the iptables plane, whose rules are a deployment's only",
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

/** What doesn't fit together in time, though each of it is right. */
export function followWarnings({ service, _named, waitSeconds, whenEmpty }: RealServers): string[] {
  const { lag, shutdownDelay } = _named;
  return timingWarnings(service, { waitMax: waitSeconds.max, grace: whenEmpty.graceSeconds, lag, shutdownDelay });
}

/** Works where every machine that an instance may run on is prepared outside of the program, so it can be acknowledged. */
export function followFindings({ service }: RealServers, forwarding: ForwardingMethod): Finding[] {
  if (forwarding.name !== "masquerading" || forwarding.snat) return [];
  return [
    {
      refusal: Refusal.CONSUL_WITHOUT_SNAT,
      failure: {
        property: "forwarding",
        rule: `can't be masquerading without SNAT for instances of ${service} in Consul, because their machines are not known and do not have the director as their gateway; they answer past it and connections hang in SYN_RECV`,
        cure: "use ForwardingMethod.masquerading({ snat: true })",
      },
    },
  ];
}

/** @param id of the virtual service */
export function followSpec(
  id: string,
  followed: RealServers,
  at: {
    readonly director: Place;
    readonly vip: string;
    readonly forwarding: ForwardingMethod;
    /** The only places where an instance can be reached. @default - any */
    readonly only?: readonly RealServerSpec[];
  },
): FollowSpec {
  const { service, tag, datacenter, waitSeconds, whenEmpty } = followed;
  return {
    name: chainName(id).replace(/^VIPSTACK-/, ""),
    service,
    tag,
    datacenter,
    waitSeconds,
    graceSeconds: whenEmpty.graceSeconds,
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
