import { Failure } from "../private/failure";
import { ForwardingMethod } from "./forwarding-method";
import { Plane } from "./plane";
import { Scheduler } from "./scheduler";

/** What of a virtual service depends on its plane. */
export interface PlaneDemands {
  readonly forwarding: ForwardingMethod;
  readonly scheduler: Scheduler;
  readonly mark?: number;
  readonly persistenceTimeoutSeconds?: number;
  readonly onePacket?: boolean;
}

const IPTABLES_SCHEDULERS = ["rr", "wrr", "random"];

/** What the plane can't do, naming the one that can. */
export function planeFailures(plane: Plane, demands: PlaneDemands): Failure[] {
  const { forwarding, scheduler, mark, persistenceTimeoutSeconds, onePacket } = demands;
  if (!/^[a-z0-9_]+$/.test(scheduler.word)) {
    return [
      {
        property: "scheduler",
        rule: "must be a word of ipvsadm",
        got: scheduler.word,
        cure: "use a member of Scheduler, or a word like 'twos'",
      },
    ];
  }
  if (plane === Plane.IPVS) {
    return scheduler.word === "random"
      ? [
          {
            property: "scheduler",
            rule: "can't be random on the ipvs plane",
            cure: "use Scheduler.WEIGHTED_ROUND_ROBIN, or a director with plane: Plane.IPTABLES",
          },
        ]
      : [];
  }
  return [
    ...(forwarding.name === "masquerading" ? [] : [onlyIpvs("forwarding", `can't be ${forwarding.name}`)]),
    ...(forwarding.conntrack === false
      ? [
          {
            property: "forwarding",
            rule: "can't do without conntrack on the iptables plane, which is made of it",
            cure: "leave 'conntrack' out, or use a director with plane: Plane.IPVS",
          },
        ]
      : []),
    ...(IPTABLES_SCHEDULERS.includes(scheduler.word)
      ? []
      : [
          {
            property: "scheduler",
            rule: `can't be ${scheduler.word} on the iptables plane`,
            cure: "use Scheduler.ROUND_ROBIN, WEIGHTED_ROUND_ROBIN or RANDOM, or a director with plane: Plane.IPVS",
          },
        ]),
    ...(mark === undefined ? [] : [MARKS_ARE_IPVS]),
    ...(persistenceTimeoutSeconds === undefined ? [] : [onlyIpvs("persistenceTimeoutSeconds", "can't be given")]),
    ...(onePacket === true ? [onlyIpvs("onePacket", "can't be true")] : []),
  ];
}

const MARKS_ARE_IPVS: Failure = {
  property: "mark",
  rule: "can't stand for a virtual service on the iptables plane",
  cure: "make a virtual service of each endpoint, or use a director with plane: Plane.IPVS",
};

/** Something that only IPVS has. */
export function onlyIpvs(property: string, rule: string): Failure {
  return {
    property,
    rule: `${rule} on the iptables plane`,
    cure: "leave it out, or use a director with plane: Plane.IPVS",
  };
}
