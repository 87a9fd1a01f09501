/** What in the director's kernel spreads the connections. */
export enum Plane {
  /**
   * IP Virtual Server: every forwarding method, every scheduler, persistence, firewall marks, thresholds.
   *
   * @see https://docs.kernel.org/networking/ipvs-sysctl.html
   */
  IPVS = "ipvs",
  /**
   * The nat table's DNAT with `statistic`: masquerading, round robin and random; no module beyond iptables.
   *
   * @see https://manpages.debian.org/iptables-extensions.8
   */
  IPTABLES = "iptables",
}
