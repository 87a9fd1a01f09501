/** Transport protocol of a virtual service. */
export enum Protocol {
  TCP = "tcp",
  UDP = "udp",
  /** Ipvs plane only. */
  SCTP = "sctp",
}
