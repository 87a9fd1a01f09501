import { Cause } from "../cause";
import { onDirector } from "./commands";

const COUNTS = "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max";
const KERNEL_LOG = "dmesg --notime | grep 'table full' | tail -n 2";

/** At this share of the limit the kernel already drops half-open connections to make room. */
const FULL = 0.98;

/** The table of tracked connections is full. New connections are dropped, existing ones continue. */
export const CONNECTION_TABLE_FULL: Cause = {
  name: "connection-table-full",
  looks: (scene) => onDirector(scene, COUNTS, KERNEL_LOG),
  decide: ({ director, endpoint }, facts) => {
    const count = facts.setting(director, COUNTS, "net.netfilter.nf_conntrack_count");
    const most = facts.setting(director, COUNTS, "net.netfilter.nf_conntrack_max");
    if (count === undefined || most === undefined || count < most * FULL) return undefined;
    return {
      cause: `the table of tracked connections of ${director} is full (${count} of ${most}), so new connections to ${endpoint} are dropped`,
      evidence: [facts.evidence(director, COUNTS), facts.evidence(director, KERNEL_LOG)],
      cure: [
        `on ${director}: sysctl --write net.netfilter.nf_conntrack_max=${Math.max(most, 65536) * 4}   (about 320 bytes of memory for each); to keep it, write it into a file in /etc/sysctl.d`,
        `on ${director}, to see which machines have most connections: conntrack -L | awk '{ print $5 }' | sort | uniq -c | sort -rn | head`,
      ],
    };
  },
  // Connections of the director itself are dropped as well.
  explains: ["packet-loss", "asymmetric-return", "real-server-away", "consul-away"],
};
