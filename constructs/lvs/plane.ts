import { Failure } from "../private/failure";
import { ForwardingMethod } from "./forwarding-method";
import { flagsOf, Scheduler, SCHEDULER_WORDS } from "./scheduler";
import { Protocol } from "./spec";

/** Kernel mechanism that a director uses for load balancing. */
export enum Plane {
  /**
   * IP Virtual Server: every forwarding method, every scheduler, persistence, firewall marks, thresholds.
   *
   * @see https://docs.kernel.org/networking/ipvs-sysctl.html
   */
  IPVS = "ipvs",
  /**
   * The nat table's DNAT with `statistic`: masquerading, round robin and random; no module beyond iptables.
   *
   * @see https://manpages.debian.org/iptables-extensions.8
   */
  IPTABLES = "iptables",
}

/** The options of a virtual service that depend on its plane. */
export interface PlaneDemands {
  readonly forwarding: ForwardingMethod;
  readonly scheduler: Scheduler;
  readonly mark?: number;
  readonly persistenceTimeout?: string;
  readonly onePacket?: boolean;
  readonly endpoints: readonly { readonly port: number; readonly protocol?: Protocol }[];
}

const IPTABLES_SCHEDULERS = ["rr", "wrr", "random"];

/** The options that the plane does not support, with the one that does. */
export function planeFailures(plane: Plane, demands: PlaneDemands): Failure[] {
  const { forwarding, scheduler, mark, persistenceTimeout, onePacket, endpoints } = demands;
  const failures = schedulerFailures(plane, scheduler);
  if (plane === Plane.IPVS) return failures;
  return [
    ...(forwarding.name === "masquerading" ? [] : [onlyIpvs("forwarding", `can't be ${forwarding.name}`)]),
    ...(forwarding.conntrack === false
      ? [
          {
            property: "forwarding",
            rule: "can't do without conntrack on the iptables plane, which is based on it",
            cure: "leave 'conntrack' out, or use a director with plane: Plane.IPVS",
          },
        ]
      : []),
    ...failures,
    ...(mark === undefined ? [] : [MARKS_ARE_IPVS]),
    ...(persistenceTimeout === undefined ? [] : [onlyIpvs("persistenceTimeout", "can't be given")]),
    ...(onePacket === true ? [onlyIpvs("onePacket", "can't be true")] : []),
    ...(endpoints.some(({ protocol }) => protocol === Protocol.SCTP) ? [onlyIpvs("protocol", "can't be sctp")] : []),
    ...(endpoints.some(({ port }) => port === 0) ? [onlyIpvs("port", "can't be 0 (every port)")] : []),
  ];
}

/** A scheduler unknown to the director would make all of its rules wrong, so it is refused here. */
function schedulerFailures(plane: Plane, { word, flags }: Scheduler): Failure[] {
  if (word === Scheduler.RANDOM.word && plane === Plane.IPVS) {
    return [
      {
        property: "scheduler",
        rule: "can't be random on the ipvs plane",
        cure: "use Scheduler.WEIGHTED_ROUND_ROBIN, or a director with plane: Plane.IPTABLES",
      },
    ];
  }
  if (word !== Scheduler.RANDOM.word && !SCHEDULER_WORDS.includes(word)) {
    return [
      {
        property: "scheduler",
        rule: `must be one of ${SCHEDULER_WORDS.join(", ")}`,
        got: word,
        cure: "use a member of Scheduler, or one of these words",
      },
    ];
  }
  const strange = flags.filter((flag, index) => !flagsOf(word).includes(flag) || flags.indexOf(flag) < index);
  return [
    ...(plane === Plane.IPVS || IPTABLES_SCHEDULERS.includes(word)
      ? []
      : [
          {
            property: "scheduler",
            rule: `can't be ${word} on the iptables plane`,
            cure: "use Scheduler.ROUND_ROBIN, WEIGHTED_ROUND_ROBIN or RANDOM, or a director with plane: Plane.IPVS",
          },
        ]),
    ...(strange.length === 0
      ? []
      : [
          {
            property: "scheduler",
            rule: `takes the flags ${flagsOf(word).join(", ")} with ${word}, each once`,
            got: flags,
            cure: `leave ${strange.join(", ")} out`,
          },
        ]),
  ];
}

const MARKS_ARE_IPVS: Failure = {
  property: "mark",
  rule: "can't stand for a virtual service on the iptables plane",
  cure: "make a virtual service of each endpoint, or use a director with plane: Plane.IPVS",
};

/** The failure of an option that only the ipvs plane supports. */
export function onlyIpvs(property: string, rule: string): Failure {
  return {
    property,
    rule: `${rule} on the iptables plane`,
    cure: "leave it out, or use a director with plane: Plane.IPVS",
  };
}
