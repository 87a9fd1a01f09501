import { IConstruct } from "constructs";
import { ADDRESSES_UNIT, Contribution, IMachine, oneshotUnit } from "../machine";
import { iptablesFiles, iptablesFolder, IptablesRules } from "../packets";
import { refuse } from "../private/validation";
import { realServerSysctls } from "./render/sysctls";
import { familyOf, hostNetwork } from "./spec";

const realServerMachines = new WeakMap<IMachine, RealServerMachine>();

/** Tunnel of each address family, and the headers of a packet in it: the outer one, then those of IP and TCP. */
const TUNNELS = {
  4: { device: "tunl0", module: "ipip", headers: 20 + 40 },
  6: { device: "ip6tnl0", module: "ip6_tunnel", headers: 40 + 60 },
} as const;

/**
 * What a machine needs as a real server, once a machine, for all virtual services together.
 *
 * @see https://docs.kernel.org/networking/ip-sysctl.html
 */
export class RealServerMachine {
  /** The one of a machine. @param role the real server that asks; the first one is named in conflicts */
  static of(machine: IMachine, role: IConstruct): RealServerMachine {
    const made = realServerMachines.get(machine) ?? new RealServerMachine(machine, role);
    realServerMachines.set(machine, made);
    return made;
  }

  private readonly directVips = new Set<string>();
  /** VIP to the smallest MTU on the way to it. */
  private readonly tunnelVips = new Map<string, number>();
  private readonly tunnelNics = new Set<string>();
  private readonly gateways = new Map<4 | 6, { address: string; nic: string; owner: IConstruct }>();

  private constructor(
    private readonly machine: IMachine,
    role: IConstruct,
  ) {
    machine.contribute(role, () => this.render());
  }

  /** Adds the VIPs to `lo` and suppresses ARP for them. */
  addDirectRouting(vips: readonly string[]): void {
    for (const vip of vips) this.directVips.add(vip);
  }

  /** Adds the VIPs to `lo`; their packets come in a tunnel at `nic`, with at most `mtu` bytes. */
  addTunneling(vips: readonly string[], nic: string, mtu: number): void {
    for (const vip of vips) this.tunnelVips.set(vip, Math.min(mtu, this.tunnelVips.get(vip) ?? mtu));
    this.tunnelNics.add(nic);
  }

  /** Makes the director its default gateway; an error at synth where another director is that already. */
  setGateway(owner: IConstruct, address: string, nic: string): void {
    const family = familyOf(address);
    const other = this.gateways.get(family);
    if (other !== undefined && other.address !== address) {
      refuse(owner, [
        {
          property: "machine",
          rule: `can't have two gateways; ${other.owner.node.path} made ${other.address} the gateway of ${this.machine.name}`,
          got: address,
          cure: "use ForwardingMethod.masquerading({ snat: true }) for one of the two virtual services",
        },
      ]);
      return;
    }
    this.gateways.set(family, { address, nic, owner });
  }

  private render(): Contribution {
    const tunnelVips = [...this.tunnelVips.keys()];
    const tunnels = [...new Set(tunnelVips.map(familyOf))].sort().map((family) => TUNNELS[family]);
    const ipv4Tunnel = tunnelVips.some((vip) => familyOf(vip) === 4);
    const vips = [...new Set([...this.directVips, ...tunnelVips])].sort();
    const clamped = [...this.tunnelVips].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      ...(tunnels.length > 0 ? iptablesFolder() : {}),
      kernelModules: tunnels.map(({ module }) => module),
      sysctls: realServerSysctls({
        directRouting: vips.some((vip) => familyOf(vip) === 4),
        tunnelInterfaces: ipv4Tunnel ? [TUNNELS[4].device, ...[...this.tunnelNics].sort()] : [],
      }),
      units: [...tunnels.map(tunnelUnit), ...(tunnels.length > 0 ? (iptablesFolder().units ?? []) : [])],
      liveFiles:
        tunnels.length > 0 ? iptablesFiles("real-server", segmentRules(clamped, 4), segmentRules(clamped, 6)) : [],
      addresses: [
        ...vips.map((vip) => `${hostNetwork(vip)} dev lo`),
        ...[...this.gateways.values()].map(({ address, nic }) => `route default via ${address} dev ${nic}`),
      ],
    };
  }
}

/** The tunnel's device comes with its module; it only has to be up. */
function tunnelUnit({ device }: (typeof TUNNELS)[4 | 6]): { name: string; content: string } {
  return {
    name: `vipstack-${device}.service`,
    content: oneshotUnit({
      description: `Tunnel device ${device} takes a director's packets`,
      after: [ADDRESSES_UNIT],
      apply: `/sbin/ip link set dev ${device} up`,
      stop: `/sbin/ip link set dev ${device} down`,
    }),
  };
}

/** Answers of the VIP ask clients for segments that fit into the tunnel, also where "too big" messages get lost. */
function segmentRules(vips: readonly (readonly [vip: string, mtu: number])[], family: 4 | 6): IptablesRules {
  const rules = new IptablesRules();
  for (const [vip, mtu] of vips.filter(([each]) => familyOf(each) === family)) {
    const answers = `-s ${hostNetwork(vip)} -p tcp -m tcp --tcp-flags SYN,RST SYN`;
    rules.add("mangle", "POSTROUTING", `${answers} -j TCPMSS --set-mss ${mtu - TUNNELS[family].headers}`);
  }
  return rules;
}
