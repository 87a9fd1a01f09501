import { Sysctl } from "./contribution";

/**
 * Maximum of connections that a machine tracks; the kernel's own default for machines above 4 GiB. The `-` ignores a failure, for
 * example on OrbStack, where the kernel is not the machine's own.
 */
export const TRACKED_CONNECTIONS: Sysctl = {
  key: "-net.netfilter.nf_conntrack_max",
  value: "262144",
  reason: "each counts for two minutes after its end; a machine of 512 MiB has room for 4096, then drops what is new",
};
