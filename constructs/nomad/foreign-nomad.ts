import { Construct } from "constructs";
import { IConsulCluster, Installation, nameFailures } from "../consul";
import { IMachine } from "../machine";
import { Validation } from "../private/validation";
import { versionFormFailures } from "../private/version";
import { dynamicPortFailures } from "./nomad-checks";
import { DynamicPorts, INomadCluster, NOMADS_OWN_PORTS } from "./nomad-cluster";

/** A Nomad cluster that exists. */
export interface NomadAddressAttributes {
  /** `http://10.0.0.5:4646` */
  readonly address: string;
  /** The Consul datacenter in which its servers are found. */
  readonly consul: IConsulCluster;
  /** @default "global" */
  readonly region?: string;
  /** @default - Consul's */
  readonly datacenter?: string;
  /** @default { min: 20000, max: 32000 } */
  readonly dynamicPorts?: DynamicPorts;
  /** `1.6.3`; jobs are checked against it. @default - that of `install`, else not known: what depends on it is not checked */
  readonly version?: string;
  /** @default - what the machine's backend offers */
  readonly install?: Installation;
}

/** What {@link NomadAddressAttributes} stand for. */
export class ForeignNomad extends Construct implements INomadCluster {
  readonly region: string;
  readonly datacenter: string;
  readonly httpAddress: string;
  readonly consul: IConsulCluster;
  readonly dynamicPorts: DynamicPorts;
  readonly install?: Installation;
  readonly version?: string;
  private readonly machines: IMachine[] = [];

  constructor(scope: Construct, id: string, attributes: NomadAddressAttributes) {
    super(scope, id);
    const { address, consul, region, datacenter, dynamicPorts } = attributes;
    const validation = new Validation(this);
    validation.require(/^https?:\/\/[^/]+$/.test(address), {
      property: "address",
      rule: "must be a URL without a path",
      got: address,
      cure: "write it like 'http://10.0.0.5:4646'",
    });
    validation.add(...nameFailures("region", region), ...nameFailures("datacenter", datacenter));
    validation.add(...dynamicPortFailures(dynamicPorts), ...versionFormFailures(attributes.version, "1.6.3"));
    validation.finish();
    this.region = region ?? "global";
    this.datacenter = datacenter ?? consul.datacenter;
    this.httpAddress = address;
    this.consul = consul;
    this.dynamicPorts = dynamicPorts ?? NOMADS_OWN_PORTS;
    this.install = attributes.install;
    this.version = attributes.version ?? attributes.install?.version;
  }

  get clients(): readonly IMachine[] {
    return [...this.machines];
  }

  /** @internal */
  _isServer(): boolean {
    return false;
  }

  /** @internal */
  _addClient(machine: IMachine): void {
    this.machines.push(machine);
  }
}
