import { Construct } from "constructs";
import { Installation, Installed } from "../agents";
import { IConsulCluster } from "../consul";
import { Contribution, IMachine, InterfaceAddress } from "../machine";
import { iptablesFiles, iptablesFolder, IptablesRules } from "../packets";
import { DurationRange, secondsOf } from "../private/duration";
import { isMarked, mark } from "../private/mark";
import { checkAtSynth, isRefused, Validation } from "../private/validation";
import { CONSUL_RULES, CONSUL_RULES_KEEPER, consulContribution, consulTemplateOf, consulTokenOf } from "./consul-rules";
import { DRAIN_TIMEOUT } from "./convergence";
import { TakenPort, TakenPorts } from "./endpoint";
import { ipvsFolder, IPVS_UNIT } from "./ipvs-folder";
import { onlyIpvs, Plane } from "./plane";
import { PortFilter, PortFilterOptions } from "./port-filter";
import { Redirect, RedirectOptions } from "./redirect";
import { addBalancedService } from "./render/balancing";
import { addClientLimits } from "./render/clients";
import { addIpvsSupport } from "./render/iptables";
import { CONNECTION_TRACKING, directorSysctls, DirectorTraits } from "./render/sysctls";
import { FirewallMarkServiceOptions, VirtualServiceOptions } from "./service-options";
import { hostNetwork, methodOf, methodsOf, ServiceSpec, sortedServices } from "./spec";
import { Host, neighbourOf } from "./topology";
import { requireDuration } from "./values";
import { VirtualService } from "./virtual-service";

/** Properties of a director. */
export interface DirectorProps {
  /** The machine that becomes a director. */
  readonly machine: IMachine;
  /** Kernel mechanism used for load balancing. @default Plane.IPVS */
  readonly plane?: Plane;
  /**
   * Time for which connections of a removed real server may continue, in whole seconds from `"0s"` to `"24h"`. It gets no new connections
   * in that time. Ipvs plane only: the iptables plane never ends an established TCP connection.
   *
   * @default "60s"
   */
  readonly drainTimeout?: string;
  /**
   * Consul cluster that virtual services can follow. The machine gets a local agent and consul-template. Ipvs plane only.
   *
   * @default - all real servers are fixed
   */
  readonly consul?: IConsulCluster;
  /** Installation of consul-template. @default - that of the Consul cluster, else the one that the machine's backend offers */
  readonly consulTemplate?: Installation;
}

/**
 * A load balancer: a machine that distributes connections to virtual addresses over real servers. It adds packages, kernel
 * modules, sysctls, addresses and rules to its machine, and to each real server what the forwarding method needs there.
 *
 * A change of rules is pushed to the running machine. So is the removal of a real server, which is drained first.
 *
 * @see https://manpages.debian.org/ipvsadm.8
 */
export class Director extends Construct {
  /** Whether something is a director, also of another copy of this package. */
  static isDirector(x: unknown): x is Director {
    return isMarked(x, "Director");
  }

  /** The machine of the director. */
  readonly machine: IMachine;
  /** Kernel mechanism used for load balancing. */
  readonly plane: Plane;
  /** Time for which connections of a removed real server may continue, as a Go duration. */
  readonly drainTimeout: string;
  /** Consul cluster that virtual services can follow. @default - all real servers are fixed */
  readonly consul?: IConsulCluster;
  private readonly services: VirtualService[] = [];
  private readonly redirects: Redirect[] = [];
  private readonly filters: PortFilter[] = [];
  private readonly takenPorts = new TakenPorts();

  constructor(scope: Construct, id: string, props: DirectorProps) {
    super(scope, id);
    mark(this, "Director");
    this.machine = props.machine;
    this.plane = props.plane ?? Plane.IPVS;
    this.drainTimeout = props.drainTimeout ?? DRAIN_TIMEOUT;

    const validation = new Validation(this);
    if (this.plane === Plane.IPTABLES && props.drainTimeout !== undefined)
      validation.add(onlyIpvs("drainTimeout", "can't be given"));
    this.consul = props.consul;
    const consulTemplate = consulTemplateOf(props, validation);
    const range: DurationRange = { min: "0s", max: "24h", whole: "seconds" };
    requireDuration(validation, "drainTimeout", props.drainTimeout, range, "'60s' is usual, a day is the most");
    if (!validation.passes()) return;

    this.consul?.ensureAgent(this, this.machine);
    const follows = (): string[] => this.services.flatMap(({ followed }) => followed?.service ?? []);
    const consulToken = consulTokenOf(this.machine, this.consul, follows);
    this.machine.contribute(this, () =>
      directorContribution({
        plane: this.plane,
        machine: this.machine,
        drainSeconds: secondsOf(this.drainTimeout),
        services: this.services.filter(({ _isRefused }) => !_isRefused).map((service) => service._spec),
        localRules: this.localRules,
        takenPorts: this.takenPorts.all,
        consulTemplate,
        consulToken,
      }),
    );
    checkAtSynth(this, () => (this.isEmpty ? [NOTHING_TO_DO] : []));
  }

  /** The virtual services that were added, in order. */
  get virtualServices(): VirtualService[] {
    return [...this.services];
  }

  /**
   * Adds a virtual service: an address and port that clients connect to.
   *
   * Configurations that can't work are errors at synth, unless they are acknowledged.
   *
   * @see Refusal
   */
  addVirtualService(id: string, options: VirtualServiceOptions): VirtualService {
    const { address, port, protocol, ...rest } = options;
    return this.addService(id, { ...rest, endpoints: [{ address, port, protocol }] });
  }

  /**
   * Adds a virtual service of several addresses and ports, for example of ports 80 and 443 that must reach the same real server. Their
   * packets get a firewall mark, by which IPVS identifies them. Ipvs plane only.
   *
   * Configurations that can't work are errors at synth, unless they are acknowledged.
   *
   * @see Refusal
   */
  addFirewallMarkService(id: string, options: FirewallMarkServiceOptions): VirtualService {
    return this.addService(id, options);
  }

  /** Adds a redirect from a port of the director to a range of its own ports. */
  addRedirect(id: string, options: RedirectOptions): Redirect {
    const redirect = Redirect._on(this, id, options, this.takenPorts);
    this.redirects.push(redirect);
    if (isRefused(redirect)) return redirect;
    const { protocol, port, address, node } = redirect;
    this.takenPorts.add({ protocol, port, address, owner: node.path });
    return redirect;
  }

  /** Adds a firewall rule for ports of the director. */
  addPortFilter(id: string, options: PortFilterOptions): PortFilter {
    const filter = PortFilter._on(this, id, options);
    this.filters.push(filter);
    return filter;
  }

  private addService(
    id: string,
    options: Omit<FirewallMarkServiceOptions, "mark"> & { mark?: number },
  ): VirtualService {
    const { machine, plane, takenPorts } = this;
    const hasConsul = this.consul !== undefined;
    const service = VirtualService._of(this, id, { ...options, director: machine, plane, hasConsul, takenPorts });
    this.services.push(service);
    const { endpoints, mark, node } = service;
    if (service._isRefused) return service;
    for (const endpoint of endpoints) this.takenPorts.add({ ...endpoint, mark, owner: node.path });
    return service;
  }

  /** Filters come first, so that a port they close stays closed. */
  private get localRules(): (PortFilter | Redirect)[] {
    return [...this.filters, ...this.redirects].filter((each) => !isRefused(each));
  }

  private get isEmpty(): boolean {
    return this.services.length + this.redirects.length + this.filters.length === 0;
  }
}

const NOTHING_TO_DO =
  "a director must have at least one virtual service, redirect or port filter: addVirtualService, or leave the director out";

/** What the contribution to the machine is made of. */
interface DirectorSpec {
  readonly plane: Plane;
  readonly machine: Host;
  readonly drainSeconds: number;
  readonly services: readonly ServiceSpec[];
  /** In the order in which they apply. */
  readonly localRules: readonly (PortFilter | Redirect)[];
  readonly takenPorts: readonly TakenPort[];
  /** The consul-template of the machine. @default - no virtual service may follow Consul */
  readonly consulTemplate?: Installed;
  /** Its token for Consul. @default - Consul wants none */
  readonly consulToken?: string;
}

/** Everything that a director adds to its machine. */
function directorContribution(spec: DirectorSpec): Contribution {
  const iptables = iptablesFolder();
  const { plane, consulTemplate } = spec;
  const consul = consulTemplate === undefined ? {} : consulContribution({ ...spec, consulTemplate }, IPVS_UNIT);
  const rules = {
    ...spec,
    connectionTracking: usesTracking(spec),
    ...(consulTemplate && { prepare: [CONSUL_RULES], keeper: CONSUL_RULES_KEEPER }),
  };
  const ipvs = plane === Plane.IPVS ? ipvsFolder(rules) : {};
  return {
    packages: [...(iptables.packages ?? []), "conntrack", ...(ipvs.packages ?? []), ...(consul.packages ?? [])],
    aptSources: consul.aptSources,
    downloads: consul.downloads,
    memoryMiB: consul.memoryMiB,
    ...(consul.secrets !== undefined && { secrets: consul.secrets }),
    kernelModules: ipvs.kernelModules ?? ["nf_conntrack"],
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
    // Port 0 takes no particular port: a role that listens on one takes precedence.
    ports: spec.takenPorts
      .filter(({ port }) => port !== 0)
      .map(({ protocol, port, address }) => ({ protocol, port, address })),
    ready: [...(iptables.ready ?? []), ...(ipvs.ready ?? []), ...(consul.ready ?? [])],
  };
}

/** Whether connections depend on the kernel's connection tracking. */
function usesTracking({ plane, services }: DirectorSpec): boolean {
  // The generic rules for followed services use it, too.
  const asks = (service: ServiceSpec): boolean =>
    methodsOf(service).some(({ snat }) => snat) ||
    (service.follows !== undefined && service.forwarding.name === "masquerading");
  return plane === Plane.IPTABLES || services.some(asks);
}

function iptablesRules({ plane, machine, services, localRules }: DirectorSpec, family: 4 | 6): IptablesRules {
  const rules = new IptablesRules();
  for (const each of localRules) each._addRules(rules, family, machine);
  addClientLimits(rules, services, family);
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
function sharedInterfaces(machine: Host, service: ServiceSpec): string[] {
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
