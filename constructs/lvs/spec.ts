/** Transport protocol of a virtual service. */
export enum Protocol {
  /** Both planes. */
  TCP = "tcp",
  /** Both planes. */
  UDP = "udp",
  /** Ipvs plane only. */
  SCTP = "sctp",
}

/** Address and port that clients connect to. */
export interface Endpoint {
  /** The VIP in its short form. */
  readonly address: string;
  /** 1 to 65535; 0 is every port. */
  readonly port: number;
  /** Transport protocol. */
  readonly protocol: Protocol;
}

/** A forwarding method, as plain data. */
export interface ForwardingSpec {
  readonly name: string;
  readonly option: string;
  readonly snat: boolean;
  readonly conntrack?: boolean;
}

/** A real server, as plain data. */
export interface RealServerSpec {
  readonly address: string;
  /** 0: the port that the client asked for. */
  readonly port: number;
  /** 0: no new connections. */
  readonly weight: number;
  readonly upperThreshold?: number;
  readonly lowerThreshold?: number;
  /** The address that takes the client's place. @default - the client's own stays */
  readonly snatTo?: string;
  /** @default - that of the virtual service */
  readonly forwarding?: ForwardingSpec;
}

/** A Consul service whose healthy instances are the real servers. */
export interface FollowSpec {
  /** Names its files on the director. */
  readonly name: string;
  /** In Consul. */
  readonly service: string;
  readonly tag?: string;
  readonly datacenter?: string;
  /** Changes wait until there was none for `min`, at most `max`. */
  readonly wait: { readonly min: string; readonly max: string };
  /** How long the last real servers stay when no instance is healthy. @default - without limit */
  readonly graceSeconds?: number;
  /** The address that takes the client's place, by the network of the real server. Empty: the client's own stays. */
  readonly snatTo: readonly SnatChoice[];
  /** Addresses of the machines that are set up for it; an instance elsewhere would answer no client. @default - any */
  readonly only?: readonly string[];
  /** The port that the forwarding method keeps, whatever an instance is registered with. @default - the instance's own */
  readonly port?: number;
}

/** The address that takes the client's place on the way into a network. */
export interface SnatChoice {
  /** In CIDR form. @default - everywhere else */
  readonly subnet?: string;
  readonly address: string;
}

/** A virtual service, as plain data with addresses in their usual short form. */
export interface ServiceSpec {
  /** Its own iptables chain. */
  readonly chain: string;
  readonly family: 4 | 6;
  readonly endpoints: readonly Endpoint[];
  /** A firewall mark that stands for all endpoints. @default - none: there is one endpoint */
  readonly mark?: number;
  readonly scheduler: { readonly word: string; readonly flags: readonly string[] };
  readonly persistenceTimeoutSeconds?: number;
  readonly persistenceNetmask?: string;
  readonly onePacket: boolean;
  /** Networks in CIDR form, of its address family, that may open connections. @default - any source */
  readonly clients?: readonly string[];
  /** Of followed instances, and what the checks of the service look at; each fixed real server has its own. */
  readonly forwarding: ForwardingSpec;
  readonly realServers: readonly RealServerSpec[];
  /** Its real servers come from Consul; then {@link realServers} is empty. @default - they are fixed */
  readonly follows?: FollowSpec;
}

/** `192.168.139.29:80`, `[fd00:139::29]:80` */
export function socketAddress(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `192.168.139.29/32`, `fd00:139::29/128` */
export function hostNetwork(address: string): string {
  return `${address}/${address.includes(":") ? 128 : 32}`;
}

/** The version of IP of an address. */
export function familyOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}

/** The forwarding methods that are in use; the service's own where its real servers are not known. */
export function methodsOf(service: ServiceSpec): ForwardingSpec[] {
  const { forwarding, realServers, follows } = service;
  if (follows !== undefined || realServers.length === 0) return [forwarding];
  return realServers.map((server) => methodOf(service, server));
}

/** The forwarding method of a real server. */
export function methodOf({ forwarding }: ServiceSpec, server: RealServerSpec): ForwardingSpec {
  return server.forwarding ?? forwarding;
}

/** Services in an order that doesn't depend on the program's. */
export function sortedServices(services: readonly ServiceSpec[]): ServiceSpec[] {
  const keyOf = ({ mark, family, endpoints: [first] }: ServiceSpec): string =>
    mark !== undefined ? `f ${mark} ${family}` : `${first?.protocol ?? ""} ${first?.address ?? ""} ${first?.port ?? 0}`;
  return [...services].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
