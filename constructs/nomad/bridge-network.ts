import { Contribution, IMachine } from "../machine";

/** What bridge networks of jobs need of a machine, and the path of their CNI plugins. */
export interface BridgeNetwork {
  readonly cniPath: string;
  readonly contribution: Contribution;
}

const VENDOR_FOLDER = "/opt/cni/bin";

/**
 * Bridge networks: packets between containers pass the machine's firewall, where port mappings live. The plugins are those
 * that the backend offers, else Debian's.
 *
 * @see https://developer.hashicorp.com/nomad/docs/networking/cni
 */
export function bridgeNetwork(machine: IMachine): BridgeNetwork {
  const offered = machine.software("cni-plugins");
  const plugins: Contribution =
    offered === undefined
      ? { packages: ["containernetworking-plugins"] }
      : { downloads: [{ url: offered.url, sha256: offered.sha256, path: VENDOR_FOLDER, unpack: "tar.gz" }] };
  const reason = "the port mappings of bridge networks are firewall rules";
  return {
    cniPath: offered === undefined ? "/usr/lib/cni" : VENDOR_FOLDER,
    contribution: {
      ...plugins,
      kernelModules: ["bridge", "br_netfilter"],
      sysctls: [
        ...["arptables", "ip6tables", "iptables"].map((table) => ({
          key: `net.bridge.bridge-nf-call-${table}`,
          value: "1",
          reason,
        })),
        { key: "net.ipv4.ip_forward", value: "1", reason: "packets pass through" },
      ],
    },
  };
}
