import { Construct } from "constructs";
import { consulTemplateFor, IConsulCluster } from "../consul";
import { IMachine, Software } from "../machine";
import { Validation } from "../private/validation";
import { Claims } from "./claim";
import { directorContribution, LocalRules } from "./director-end";
import { requireKnown } from "./known-values";
import { Plane } from "./plane";
import { onlyIpvs } from "./plane-limits";
import { PortFilter, PortFilterOptions } from "./port-filter";
import { Redirect, RedirectOptions } from "./redirect";
import { VirtualService } from "./virtual-service";
import { FirewallMarkServiceOptions, VirtualServiceOptions } from "./virtual-service-options";

export interface DirectorProps {
  readonly machine: IMachine;
  /** What in its kernel spreads the connections. @default Plane.IPVS */
  readonly plane?: Plane;
  /**
   * How long the connections of a real server that was taken out may go on, 0 to 86400 s; it gets no new ones in that time.
   * Ipvs plane: iptables never cuts an established connection. @default 60
   */
  readonly drainSeconds?: number;
  /**
   * The Consul whose services its virtual services may follow; the machine gets a local agent of it, and consul-template.
   * Ipvs plane.
   *
   * @default - all real servers are fixed
   */
  readonly consul?: IConsulCluster;
  /** Where consul-template comes from: the program itself, or its `.zip` or `.tar.gz`. @default - what the machine's backend offers */
  readonly consulTemplate?: Software;
}

/**
 * A machine that spreads connections over real servers. It brings its machine the packages, modules, sysctls, VIPs and rules,
 * and every real server what the forwarding method needs there.
 *
 * A change of rules is pushed to the running machine. So is the removal of a real server: its connections may end first.
 *
 * @see https://manpages.debian.org/ipvsadm.8
 */
export class Director extends Construct {
  readonly machine: IMachine;
  readonly plane: Plane;
  readonly drainSeconds: number;
  readonly consul?: IConsulCluster;
  private readonly services: VirtualService[] = [];
  private readonly redirects: Redirect[] = [];
  private readonly filters: PortFilter[] = [];
  private readonly claims = new Claims();

  constructor(scope: Construct, id: string, props: DirectorProps) {
    super(scope, id);
    this.machine = props.machine;
    this.plane = props.plane ?? Plane.IPVS;
    this.drainSeconds = props.drainSeconds ?? 60;

    const validation = new Validation(this);
    if (this.plane === Plane.IPTABLES && props.drainSeconds !== undefined)
      validation.add(onlyIpvs("drainSeconds", "can't be given"));
    this.consul = props.consul;
    const consulTemplate = checkConsul(validation, props);
    requireKnown(validation, { drainSeconds: props.drainSeconds });
    validation.integer("drainSeconds", props.drainSeconds, 0, 86400, "60 is usual, a day is the most");
    validation.finish();

    this.consul?.ensureAgent(this, this.machine);
    this.machine.contribute(this, () =>
      directorContribution({
        plane: this.plane,
        machine: this.machine,
        drainSeconds: this.drainSeconds,
        services: this.services.map((service) => service._spec),
        localRules: this.localRules,
        claims: this.claims.all,
        consulTemplate,
      }),
    );
    this.node.addValidation({ validate: () => (this.isEmpty ? [NOTHING_TO_DO] : []) });
  }

  get virtualServices(): VirtualService[] {
    return [...this.services];
  }

  /**
   * Adds an address and port that clients connect to.
   *
   * @throws ValidationError for what can't work, unless it is acknowledged
   */
  addVirtualService(id: string, options: VirtualServiceOptions): VirtualService {
    const { address, port, protocol, ...rest } = options;
    return this.addService(id, { ...rest, endpoints: [{ address, port, protocol }] });
  }

  /**
   * Adds several addresses and ports that are one virtual service, as 80 and 443 that have to meet the same real server: their
   * packets get a firewall mark, and IPVS looks at that. Ipvs plane.
   *
   * @throws ValidationError for what can't work, unless it is acknowledged
   */
  addFirewallMarkService(id: string, options: FirewallMarkServiceOptions): VirtualService {
    return this.addService(id, options);
  }

  /** Adds a port of the director that leads to a range of its own ports. @throws ValidationError */
  addRedirect(id: string, options: RedirectOptions): Redirect {
    const redirect = new Redirect(this, id, options, this.claims);
    this.redirects.push(redirect);
    const { protocol, port, address, node } = redirect;
    this.claims.add({ protocol, port, address, owner: node.path });
    return redirect;
  }

  /** Adds ports that are shut or opened. @throws ValidationError */
  addPortFilter(id: string, options: PortFilterOptions): PortFilter {
    const filter = new PortFilter(this, id, options);
    this.filters.push(filter);
    return filter;
  }

  private addService(
    id: string,
    options: Omit<FirewallMarkServiceOptions, "mark"> & { mark?: number },
  ): VirtualService {
    const { machine, plane, claims } = this;
    const hasConsul = this.consul !== undefined;
    const service = new VirtualService(this, id, { ...options, director: machine, plane, hasConsul, claims });
    this.services.push(service);
    const { endpoints, mark, node } = service;
    for (const endpoint of endpoints) this.claims.add({ ...endpoint, mark, owner: node.path });
    return service;
  }

  /** Filters first: what they shut stays shut. */
  private get localRules(): LocalRules[] {
    return [...this.filters, ...this.redirects];
  }

  private get isEmpty(): boolean {
    return this.services.length + this.redirects.length + this.filters.length === 0;
  }
}

const NOTHING_TO_DO =
  "a director must have at least one virtual service, redirect or port filter: addVirtualService, or leave the director out";

/** Answers where consul-template comes from, for a director with a Consul. */
function checkConsul(validation: Validation, props: DirectorProps): Software | undefined {
  const { consul, machine, plane } = props;
  if (plane === Plane.IPTABLES && consul !== undefined) validation.add(onlyIpvs("consul", "can't be given"));
  validation.require(props.consulTemplate === undefined || consul !== undefined, {
    property: "consulTemplate",
    rule: "has no effect without 'consul'",
    cure: "give 'consul', too, or leave both out",
  });
  if (consul === undefined) return undefined;
  const { url, sha256 } = props.consulTemplate ?? {};
  requireKnown(validation, { url, sha256 });
  const software = consulTemplateFor(machine, props.consulTemplate);
  if (!Array.isArray(software)) return software;
  validation.add(...software);
  return undefined;
}
