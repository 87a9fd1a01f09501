import { Sysctl } from "./contribution";

/**
 * Room for the connections that a machine tracks, as many as the kernel itself gives machines above 4 GiB. The `-` lets it fail
 * where the kernel is not the machine's own, on OrbStack for example.
 */
export const TRACKED_CONNECTIONS: Sysctl = {
  key: "-net.netfilter.nf_conntrack_max",
  value: "262144",
  reason: "each counts for two minutes after its end; a machine of 512 MiB has room for 4096, then drops what is new",
};
