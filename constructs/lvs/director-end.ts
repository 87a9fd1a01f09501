import { join } from "node:path";
import {
  ADDRESSES_UNIT,
  Contribution,
  InterfaceAddress,
  LiveFile,
  MachineFile,
  nodeModule,
  nodeProgram,
  oneshotUnit,
  PROGRAM_FOLDER,
  Software,
  Unit,
} from "../machine";
import { Claim } from "./claim";
import { CONSUL_RULES, CONSUL_RULES_IF_DUE, consulContribution } from "./consul-end";
import { addIpvsSupport } from "./iptables-ipvs-rules";
import { iptablesFiles, iptablesKeeper, IPTABLES_UNIT } from "./iptables-keeper";
import { keeperUnits } from "./keeper-text";
import { addBalancedService } from "./iptables-plane-rules";
import { IptablesRules } from "./iptables-rules";
import { renderIpvsRules } from "./ipvs-rules";
import { Plane } from "./plane";
import { hostNetwork, methodOf, methodsOf, ServiceSpec, sortedServices } from "./service-spec";
import { LAST_GOOD, NO_RULES } from "./rules-folder";
import { directorSysctls, DirectorTraits } from "./sysctl-profile";
import { neighbourOf, Place } from "./topology";

const IPVS_UNIT = "vipstack-ipvs.service";
const IPVS_PROGRAM = `${PROGRAM_FOLDER}/ipvs-rules`;
const IPVS_ENVIRONMENT = "/etc/default/vipstack-ipvs";

/** Rules that are no virtual service's. */
export interface LocalRules {
  /** @internal */
  _addRules(rules: IptablesRules, family: 4 | 6, director: Place): void;
}

/** A director as its machine sees it. */
export interface DirectorSpec {
  readonly plane: Plane;
  readonly machine: Place;
  readonly drainSeconds: number;
  readonly services: readonly ServiceSpec[];
  readonly localRules: readonly LocalRules[];
  /** Ports that it answers for. */
  readonly claims: readonly Claim[];
  /** Where consul-template comes from. @default - no virtual service may follow Consul */
  readonly consulTemplate?: Software;
}

/** Everything a director brings to its machine. */
export function directorContribution(spec: DirectorSpec): Contribution {
  const iptables = iptablesKeeper();
  const ipvs = spec.plane === Plane.IPVS ? ipvsContribution(spec) : {};
  const { consulTemplate } = spec;
  const consul = consulTemplate === undefined ? {} : consulContribution({ ...spec, consulTemplate }, IPVS_UNIT);
  return {
    packages: [...(iptables.packages ?? []), "conntrack", ...(ipvs.packages ?? [])],
    downloads: consul.downloads,
    kernelModules: ipvs.kernelModules,
    sysctls: directorSysctls(traitsOf(spec)),
    files: [
      ...(usesTracking(spec) ? [CONNECTION_TRACKING] : []),
      ...(iptables.files ?? []),
      ...(ipvs.files ?? []),
      ...(consul.files ?? []),
    ],
    units: [...(iptables.units ?? []), ...(ipvs.units ?? []), ...(consul.units ?? [])],
    liveFiles: [
      ...iptablesFiles("director", iptablesRules(spec, 4), iptablesRules(spec, 6)),
      ...(ipvs.liveFiles ?? []),
      ...(consul.liveFiles ?? []),
    ],
    generated: [...(iptables.generated ?? []), ...(ipvs.generated ?? []), ...(consul.generated ?? [])],
    addresses: addressLines(spec),
    // Port 0 claims no particular port: a role that listens on one takes precedence.
    ports: spec.claims
      .filter(({ port }) => port !== 0)
      .map(({ protocol, port, address }) => ({ protocol, port, address })),
    ready: [...(iptables.ready ?? []), ...(ipvs.ready ?? []), ...(consul.ready ?? [])],
  };
}

/** Whether connections depend on the kernel's connection tracking. */
function usesTracking({ plane, services }: DirectorSpec): boolean {
  // The generic rules for followed services look at it, too.
  const asks = (service: ServiceSpec): boolean =>
    methodsOf(service).some(({ snat }) => snat) ||
    (service.follows !== undefined && service.forwarding.name === "masquerading");
  return plane === Plane.IPTABLES || services.some(asks);
}

/**
 * The kernel tracks connections only while a rule asks for it. When another program flushes the nat table, the answers of real
 * servers would belong to no connection until the rules are back, and the director would reset them.
 */
const CONNECTION_TRACKING: MachineFile = {
  path: "/etc/modprobe.d/vipstack-conntrack.conf",
  content: "options nf_conntrack enable_hooks=1\n",
};

function ipvsContribution(spec: DirectorSpec): Contribution {
  return {
    packages: ["ipvsadm"],
    kernelModules: ["ip_vs", ...(usesTracking(spec) ? ["nf_conntrack", "xt_ipvs"] : [])],
    files: [
      // First: on a host that runs already, a timer may start the program between them.
      nodeModule(join(__dirname, "node", "ipvs_table.py")),
      nodeModule(join(__dirname, "node", "ipvs_plan.py")),
      nodeProgram("ipvs-rules", join(__dirname, "node", "ipvs-rules.py")),
      { path: `${NO_RULES}/none.rules`, content: "" },
    ],
    units: ipvsUnits(spec.consulTemplate !== undefined),
    liveFiles: ipvsFiles(spec),
    generated: [`${LAST_GOOD}/ipvs.d/*`],
    ready: ["ipvsadm -ln", `${IPVS_PROGRAM} check`],
  };
}

/**
 * `systemctl stop` takes the whole table away, as removing the director from a host does; a reload, which is all that a change
 * of rules does, ends no connection.
 */
function ipvsUnits(mayFollow: boolean): Unit[] {
  return [
    {
      name: IPVS_UNIT,
      content: oneshotUnit({
        description: "IPVS table of /etc/vipstack/ipvs.d",
        after: [ADDRESSES_UNIT, IPTABLES_UNIT],
        prepare: mayFollow ? [CONSUL_RULES] : [],
        apply: `${IPVS_PROGRAM} apply`,
        stop: `${IPVS_PROGRAM} apply --rules ${NO_RULES} --drain-seconds 0`,
        environmentFile: IPVS_ENVIRONMENT,
      }),
    },
    ...keeperUnits({
      unit: IPVS_UNIT,
      prepare: mayFollow ? [CONSUL_RULES_IF_DUE] : [],
      apply: `${IPVS_PROGRAM} apply --quiet`,
      environmentFile: IPVS_ENVIRONMENT,
    }),
  ];
}

/**
 * What changes while the director runs. The schedulers' modules are among them: the kernel loads one by itself when a rule
 * names it, so that a new scheduler needs no new machine; the list is for the next boot.
 */
function ipvsFiles({ services, drainSeconds }: DirectorSpec): LiveFile[] {
  const schedulers = [...new Set(services.map(({ scheduler }) => `ip_vs_${scheduler.word}\n`))].sort();
  return [
    { path: "/etc/modules-load.d/vipstack-ipvs.conf", content: schedulers.join(""), reloads: IPVS_UNIT },
    { path: IPVS_ENVIRONMENT, content: `DRAIN_SECONDS=${drainSeconds}\n`, reloads: IPVS_UNIT },
    { path: "/etc/vipstack/ipvs.d/static.rules", content: renderIpvsRules(services), reloads: IPVS_UNIT },
  ];
}

function iptablesRules({ plane, machine, services, localRules }: DirectorSpec, family: 4 | 6): IptablesRules {
  const rules = new IptablesRules();
  for (const each of localRules) each._addRules(rules, family, machine);
  for (const service of sortedServices(services).filter((each) => each.family === family)) {
    if (plane === Plane.IPVS) addIpvsSupport(rules, service);
    else addBalancedService(rules, service);
  }
  return rules;
}

function addressLines({ machine, services }: DirectorSpec): string[] {
  const vips = [...new Set(services.flatMap(({ endpoints }) => endpoints.map(({ address }) => address)))].sort();
  return vips
    .filter((vip) => !machine.addresses.some(({ address }) => address === vip))
    .map((vip) => `${hostNetwork(vip)} dev ${neighbourOf(machine, vip)?.interface ?? "lo"}`);
}

function traitsOf({ plane, machine, services }: DirectorSpec): DirectorTraits {
  const masquerading = services.filter((service) => methodsOf(service).some(({ name }) => name === "masquerading"));
  return {
    plane,
    interfaces: [...new Set(machine.addresses.map((own) => own.interface))],
    masquerades: new Set(masquerading.map(({ family }) => family)),
    oneArmedInterfaces: [
      ...new Set(
        masquerading.filter(({ family }) => family === 4).flatMap((service) => sharedInterfaces(machine, service)),
      ),
    ].sort(),
    persistence: services.some(({ persistenceTimeoutSeconds }) => persistenceTimeoutSeconds !== undefined),
    conntrack: services.some((service) =>
      methodsOf(service).some(({ name, snat, conntrack }) =>
        snat ? conntrack !== false : service.follows !== undefined && name === "masquerading",
      ),
    ),
  };
}

/**
 * Interfaces with clients and real servers behind them. What is behind a router is assumed to be behind the first one, and
 * instances from Consul may be anywhere, so also beside the clients.
 */
function sharedInterfaces(machine: Place, service: ServiceSpec): string[] {
  const { endpoints, realServers, follows } = service;
  const interfaceTo = (address: string): InterfaceAddress | undefined =>
    neighbourOf(machine, address) ?? machine.addresses[0];
  const clientSide = new Set(endpoints.map(({ address }) => interfaceTo(address)?.interface));
  if (follows !== undefined) return [...clientSide].filter((nic) => nic !== undefined);
  return realServers
    .filter((server) => methodOf(service, server).name === "masquerading")
    .flatMap(({ address }) => interfaceTo(address)?.interface ?? [])
    .filter((nic) => clientSide.has(nic));
}
