import { dirname, join } from "node:path";
import { Installed } from "../agents";
import {
  CONSUL_TEMPLATE_MEMORY,
  consulTemplateFor,
  consulTemplateTokenText,
  consulTemplateUnit,
  followerRules,
  IConsulCluster,
} from "../consul";
import { Contribution, IMachine, LiveFile, nodeProgram, PROGRAM_FOLDER } from "../machine";
import { Validation } from "../private/validation";
import type { DirectorProps } from "./director";
import { onlyIpvs, Plane } from "./plane";
import { INSTANCES_FOLDER, renderConsulTemplateConfig, renderFollowed } from "./render/consul-template";
import { ServiceSpec, sortedServices } from "./spec";
import { Host } from "./topology";

const CONSUL_TEMPLATE_UNIT = "vipstack-consul-template.service";
const RUN = dirname(INSTANCES_FOLDER);
const CONFIG = "/etc/vipstack/consul-template.hcl";
const TOKEN = "/etc/vipstack/secrets/consul-template/token.hcl";
const FOLLOWED = "/etc/vipstack/consul-followed.json";

/**
 * Runs before the rules are applied, at boot and at every reload, so that both files are always of one time. Its failure
 * is ignored: what is in the rules folder is applied with any state of Consul.
 */
export const CONSUL_RULES = `-${PROGRAM_FOLDER}/consul-rules`;

/**
 * The same for the keeper, which looks every few seconds: only where a grace or a mistake is waited out (then there is a state),
 * or where instances came since the last run (should a reload have been lost).
 */
export const CONSUL_RULES_KEEPER = {
  prepare: [
    `-/bin/sh -c 'cd ${RUN} && ! test -e consul-rules.json && ! test consul -nt consul-rules.lock || exec ${PROGRAM_FOLDER}/consul-rules'`,
  ],
  sources: [INSTANCES_FOLDER],
  waiting: [`${RUN}/consul-rules.json`],
} as const;

/** The consul-template of a director with a Consul cluster. @param validation gets what is wrong */
export function consulTemplateOf(
  { consul, machine, plane, consulTemplate }: DirectorProps,
  validation: Validation,
): Installed | undefined {
  if (plane === Plane.IPTABLES && consul !== undefined) validation.add(onlyIpvs("consul", "can't be given"));
  validation.require(consulTemplate === undefined || consul !== undefined, {
    property: "consulTemplate",
    rule: "has no effect without 'consul'",
    cure: "give 'consul', too, or leave both out",
  });
  if (consul === undefined) return undefined;
  const found = consulTemplateFor(machine, consul, consulTemplate);
  if (!Array.isArray(found)) return found;
  validation.add(...found);
  return undefined;
}

/**
 * The token with which a director reads the services that it follows; undefined if Consul wants none.
 *
 * @param follows names of the services, asked for at synth
 */
export function consulTokenOf(
  machine: IMachine,
  consul: IConsulCluster | undefined,
  follows: () => readonly string[],
): string | undefined {
  const access = consul?._security?.access;
  return access?.grant(`director-${machine.name}`, () => followerRules(follows())).valueIn(machine);
}

/** What a director that may follow Consul brings to its machine, beside what every director does. */
export function consulContribution(
  spec: {
    readonly machine: Host;
    readonly services: readonly ServiceSpec[];
    readonly consulTemplate: Installed;
    /** Token for Consul, where it wants one. */
    readonly consulToken?: string;
  },
  ipvsUnit: string,
): Contribution {
  return {
    ...spec.consulTemplate.contribution,
    memoryMiB: CONSUL_TEMPLATE_MEMORY,
    files: [nodeProgram("consul-rules", join(__dirname, "programs", "consul-rules.py"))],
    units: [
      {
        name: CONSUL_TEMPLATE_UNIT,
        content: consulTemplateUnit({
          program: spec.consulTemplate.program,
          writes: "the healthy instances of followed services",
          config: CONFIG,
          folder: INSTANCES_FOLDER,
          after: [ipvsUnit],
          token: spec.consulToken === undefined ? undefined : TOKEN,
        }),
        ...(spec.consulToken !== undefined && { wait: false }),
      },
    ],
    liveFiles: liveFiles(spec, ipvsUnit),
    generated: ["/etc/vipstack/ipvs.d/consul-*.rules"],
    ...(spec.consulToken === undefined
      ? { ready: [`systemctl is-active --quiet ${CONSUL_TEMPLATE_UNIT}`] }
      : {
          secrets: [{ path: TOKEN, content: consulTemplateTokenText(spec.consulToken), reloads: CONSUL_TEMPLATE_UNIT }],
        }),
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
