import { dirname, join } from "node:path";
import { consulTemplateDownload, consulTemplateUnit } from "../consul";
import { Contribution, LiveFile, nodeProgram, PROGRAM_FOLDER, Software } from "../machine";
import { Failure } from "../private/failure";
import { Validation } from "../private/validation";
import { ConvergenceBudget } from "./convergence";
import { ForwardingMethod } from "./forwarding-method";
import { Plane } from "./plane";
import { RealServers } from "./real-servers";
import { INSTANCES_FOLDER, renderConsulTemplateConfig, renderFollowed } from "./render/consul-template";
import { chainName } from "./render/iptables";
import { FollowSpec, RealServerSpec, ServiceSpec, sortedServices } from "./spec";
import { Host, snatChoices } from "./topology";
import { requireKnown } from "./values";

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

/** @param id of the virtual service */
export function followSpec(
  id: string,
  followed: RealServers,
  at: {
    readonly director: Host;
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

/** What decides whether an instance still serves when it gets its last connection. Seconds. */
export interface FollowTiming {
  /** The longest that consul-template waits while changes go on. */
  readonly waitMax: number;
  /** How long the last real servers stay when no instance is healthy. @default - without limit */
  readonly grace?: number;
  /** Until a check notices an instance, at worst. @default - not known */
  readonly lag?: number;
  /** How long an instance serves after it left the catalog. @default - not known */
  readonly shutdownDelay?: number;
}

/** What doesn't fit together between a service and the director that follows it. */
export function timingWarnings(service: string, { waitMax, grace, lag, shutdownDelay }: FollowTiming): string[] {
  const told = new ConvergenceBudget({ templateWaitMax: `${waitMax}s` }).lag;
  return [
    ...(shutdownDelay === undefined || shutdownDelay >= told
      ? []
      : [
          `'waitSeconds' lets up to ${told} s pass until an instance of ${service} that left gets no new connections, and it serves for ${shutdownDelay} s after it left: lower 'waitSeconds.max', or raise the shutdown delay of ${service} to ${Math.ceil(told)} s`,
        ]),
    ...(lag === undefined || grace === undefined || grace === 0 || grace >= lag
      ? []
      : [
          `'whenEmpty' has a grace of ${grace} s, and the checks of ${service} need up to ${lag} s to find a healthy instance again after a restart of Consul: raise 'graceSeconds' to ${Math.ceil(lag)}, or shorten the checks`,
        ]),
  ];
}

const CONSUL_TEMPLATE_UNIT = "vipstack-consul-template.service";
const RUN = dirname(INSTANCES_FOLDER);
const CONFIG = "/etc/vipstack/consul-template.hcl";
const FOLLOWED = "/etc/vipstack/consul-followed.json";

/**
 * Runs before the rules are applied, at boot and at every reload, so that both files are always of one time. Its failure
 * is ignored: what is in the rules folder is applied with any state of Consul.
 */
export const CONSUL_RULES = `-${PROGRAM_FOLDER}/consul-rules`;

/**
 * The same for the timer, which comes every few seconds: only where a grace or a mistake is waited out (then there is a state),
 * or where instances came since the last run (should a reload have been lost).
 */
export const CONSUL_RULES_IF_DUE = `-/bin/sh -c 'cd ${RUN} && ! test -e consul-rules.json && ! test consul -nt consul-rules.lock || exec ${PROGRAM_FOLDER}/consul-rules'`;

/** What a director that may follow Consul brings to its machine, beside what every director does. */
export function consulContribution(
  spec: { readonly machine: Host; readonly services: readonly ServiceSpec[]; readonly consulTemplate: Software },
  ipvsUnit: string,
): Contribution {
  return {
    downloads: [consulTemplateDownload(spec.consulTemplate)],
    files: [nodeProgram("consul-rules", join(__dirname, "programs", "consul-rules.py"))],
    units: [
      {
        name: CONSUL_TEMPLATE_UNIT,
        content: consulTemplateUnit({
          writes: "the healthy instances of followed services",
          config: CONFIG,
          folder: INSTANCES_FOLDER,
          after: [ipvsUnit],
        }),
      },
    ],
    liveFiles: liveFiles(spec, ipvsUnit),
    generated: ["/etc/vipstack/ipvs.d/consul-*.rules"],
    ready: [`systemctl is-active --quiet ${CONSUL_TEMPLATE_UNIT}`],
  };
}

/**
 * The list is there before the IPVS unit is reloaded, together with the virtual services that it names; only then
 * consul-template gets them. The rules files are the machine's own: a deployment neither writes nor reads them.
 */
function liveFiles(
  { machine, services }: { machine: Host; services: readonly ServiceSpec[] },
  unit: string,
): LiveFile[] {
  const vips = services.flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
  const never = [...machine.addresses.map(({ address }) => address), ...vips];
  const followed = sortedServices(services).flatMap(({ follows }) => (follows === undefined ? [] : [follows]));
  // A command that fails would end consul-template, so this one only puts a job into systemd's queue.
  const apply = ["systemctl", "--no-block", "try-reload-or-restart", unit];
  return [
    { path: FOLLOWED, content: renderFollowed(services, never), reloads: unit },
    { path: CONFIG, content: renderConsulTemplateConfig(followed, apply), reloads: CONSUL_TEMPLATE_UNIT },
  ];
}
