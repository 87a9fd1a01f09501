import { MachineFile, Sysctl, TRACKED_CONNECTIONS } from "../../machine";
import { Plane } from "../plane";

/** What of a director decides on its kernel settings. */
export interface DirectorTraits {
  readonly plane: Plane;
  /** Its network interfaces. */
  readonly interfaces: readonly string[];
  /** Address families in which it rewrites packets and passes them on. */
  readonly masquerades: ReadonlySet<4 | 6>;
  /** Interfaces on which it gets packets and sends them on to a real server. */
  readonly oneArmedInterfaces: readonly string[];
  readonly persistence: boolean;
  /** Whether IPVS and SNAT work together. */
  readonly conntrack: boolean;
}

/**
 * The kernel tracks connections only while a rule asks for it. When another program flushes the nat table, the answers of real
 * servers would belong to no connection until the rules are back, and the director would reset them.
 */
export const CONNECTION_TRACKING: MachineFile = {
  path: "/etc/modprobe.d/vipstack-conntrack.conf",
  content: "options nf_conntrack enable_hooks=1\n",
};

/**
 * Kernel settings of a director, each with its reason.
 *
 * @see https://docs.kernel.org/networking/ipvs-sysctl.html
 * @see https://docs.kernel.org/networking/ip-sysctl.html
 */
export function directorSysctls(traits: DirectorTraits): Sysctl[] {
  const { masquerades, interfaces, oneArmedInterfaces } = traits;
  return [
    ...(masquerades.has(4)
      ? [
          set("net.ipv4.ip_forward", 1, "masquerading: packets of clients and answers of real servers pass through"),
          ...perInterface(
            interfaces,
            "rp_filter",
            0,
            "masquerading: an answer may come in where its route does not lead",
          ),
        ]
      : []),
    ...(masquerades.has(6)
      ? [
          set(
            "net.ipv6.conf.all.forwarding",
            1,
            "masquerading: packets of clients and answers of real servers pass through",
          ),
        ]
      : []),
    ...(oneArmedInterfaces.length > 0
      ? perInterface(
          oneArmedInterfaces,
          "send_redirects",
          0,
          "clients and real servers share an interface: no host may be redirected to a shorter path",
        )
      : []),
    ...(traits.plane === Plane.IPVS ? ipvsSysctls(traits) : [TRACKED_CONNECTIONS]),
  ];
}

/** Kernel settings of a real server that has the VIP itself. */
export function realServerSysctls(traits: { directRouting: boolean; tunnelInterfaces: readonly string[] }): Sysctl[] {
  const { directRouting, tunnelInterfaces } = traits;
  return [
    ...(directRouting
      ? [
          set(
            "net.ipv4.conf.all.arp_ignore",
            1,
            "the director alone answers ARP for the VIP, which this machine has on lo",
          ),
          set("net.ipv4.conf.all.arp_announce", 2, "ARP requests never carry the VIP as their sender"),
        ]
      : []),
    ...(tunnelInterfaces.length > 0
      ? perInterface(
          tunnelInterfaces,
          "rp_filter",
          0,
          "tunneling: a client's packet comes out of the tunnel, its answer leaves elsewhere",
        )
      : []),
  ];
}

function ipvsSysctls({ conntrack, persistence }: DirectorTraits): Sysctl[] {
  return [
    set(
      "net.ipv4.vs.conntrack",
      conntrack ? 1 : 0,
      conntrack
        ? "SNAT sees only connections that IPVS tells connection tracking of"
        : "no SNAT that needs connection tracking",
    ),
    set("net.ipv4.vs.expire_nodest_conn", 1, "a client of a removed real server is reset at once, not left to wait"),
    ...(persistence
      ? [set("net.ipv4.vs.expire_quiescent_template", 1, "persistent clients leave a real server of weight 0, too")]
      : []),
    ...(conntrack
      ? [
          set(
            "net.netfilter.nf_conntrack_tcp_be_liberal",
            1,
            "SNAT: a packet ahead of its window must not leave from another port",
          ),
          TRACKED_CONNECTIONS,
        ]
      : []),
  ];
}

/** Both `all` and the interface count, so both are set. A dot in an interface's name is a slash in a key. */
function perInterface(interfaces: readonly string[], key: string, value: number, reason: string): Sysctl[] {
  return ["all", ...interfaces].map((name) => set(`net.ipv4.conf.${name.replaceAll(".", "/")}.${key}`, value, reason));
}

function set(key: string, value: number, reason: string): Sysctl {
  return { key, value: String(value), reason };
}
