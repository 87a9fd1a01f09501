import { join } from "node:path";
import {
  ADDRESSES_UNIT,
  Contribution,
  LiveFile,
  nodeModule,
  nodeProgram,
  oneshotUnit,
  PROGRAM_FOLDER,
  Unit,
} from "../machine";
import { IPTABLES_UNIT, KeeperProps, keeperUnits, LAST_GOOD, NO_RULES } from "../packets";
import { renderIpvsRules } from "./render/ipvs";
import { ServiceSpec } from "./spec";

/** The unit that applies the IPVS rules. */
export const IPVS_UNIT = "vipstack-ipvs.service";

export const IPVS_PROGRAM = `${PROGRAM_FOLDER}/ipvs-rules`;
export const IPVS_ENVIRONMENT = "/etc/default/vipstack-ipvs";

export interface IpvsFolderProps {
  readonly services: readonly ServiceSpec[];
  readonly drainSeconds: number;
  /** Whether its rules need the kernel's connection tracking. */
  readonly connectionTracking: boolean;
  /** Command lines run before the rules are applied, at boot and at every reload. @default - none */
  readonly prepare?: readonly string[];
  /** What the keeper does and looks at for another program's sake. @default - nothing */
  readonly keeper?: Pick<KeeperProps, "prepare" | "sources" | "waiting">;
}

/** The folder of IPVS rules: the program and the unit behind it, and the keeper that restores them. */
export function ipvsFolder(spec: IpvsFolderProps): Contribution {
  return {
    packages: ["ipvsadm"],
    kernelModules: ["ip_vs", ...(spec.connectionTracking ? ["nf_conntrack", "xt_ipvs"] : [])],
    files: [
      // First: on a host that runs already, a timer may start the program between them.
      nodeModule(join(__dirname, "programs", "ipvs_table.py")),
      nodeModule(join(__dirname, "programs", "ipvs_plan.py")),
      nodeProgram("ipvs-look", join(__dirname, "programs", "ipvs-look.sh")),
      nodeProgram("ipvs-rules", join(__dirname, "programs", "ipvs-rules.py")),
      { path: `${NO_RULES}/none.rules`, content: "" },
    ],
    units: ipvsUnits(spec),
    liveFiles: ipvsFiles(spec),
    generated: [`${LAST_GOOD}/ipvs.d/*`],
    ready: ["ipvsadm -ln", `${IPVS_PROGRAM} check`],
  };
}

/**
 * `systemctl stop` takes the whole table away, as removing the director from a host does; a reload, which is all that a change
 * of rules does, ends no connection.
 */
function ipvsUnits({ prepare, keeper }: IpvsFolderProps): Unit[] {
  return [
    {
      name: IPVS_UNIT,
      content: oneshotUnit({
        description: "IPVS table of /etc/vipstack/ipvs.d",
        after: [ADDRESSES_UNIT, IPTABLES_UNIT],
        prepare,
        apply: `${IPVS_PROGRAM} apply`,
        stop: `${IPVS_PROGRAM} apply --rules ${NO_RULES} --drain-seconds 0`,
        environmentFile: IPVS_ENVIRONMENT,
      }),
    },
    ...keeperUnits({ rules: "ipvs", ...keeper, environmentFile: IPVS_ENVIRONMENT }),
  ];
}

/**
 * What changes while the director runs. The schedulers' modules are among them: the kernel loads one by itself when a rule
 * names it, so that a new scheduler needs no new machine; the list is for the next boot.
 */
function ipvsFiles({ services, drainSeconds }: IpvsFolderProps): LiveFile[] {
  const schedulers = [...new Set(services.map(({ scheduler }) => `ip_vs_${scheduler.word}\n`))].sort();
  return [
    { path: "/etc/modules-load.d/vipstack-ipvs.conf", content: schedulers.join(""), reloads: IPVS_UNIT },
    { path: IPVS_ENVIRONMENT, content: `DRAIN_SECONDS=${drainSeconds}\n`, reloads: IPVS_UNIT },
    { path: "/etc/vipstack/ipvs.d/static.rules", content: renderIpvsRules(services), reloads: IPVS_UNIT },
  ];
}
