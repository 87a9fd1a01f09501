/** What a stack of machines deploys and how requests go through it, as plain data: the file `topology.json`. */
export interface Topology {
  readonly name: string;
  readonly stack: string;
  /** The machine that requests are sent from. @default - none of the program's */
  readonly client?: string;
  readonly machines: readonly TopologyMachine[];
  readonly directors: readonly TopologyDirector[];
  readonly gateways: readonly TopologyGateway[];
  readonly jobs: readonly TopologyJob[];
  /** Services of Consul that machines of the stack register. */
  readonly services: readonly TopologyService[];
  /** Servers of Consul and Nomad, and a Consul that exists. */
  readonly clusters: readonly TopologyCluster[];
}

export interface TopologyMachine {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly roles: readonly string[];
  /** Whether the program makes it. */
  readonly made: boolean;
}

export interface TopologyDirector {
  readonly machine: string;
  readonly plane: string;
  readonly drainTimeout: string;
  /** Whether it asks Consul for real servers. */
  readonly consul: boolean;
  readonly services: readonly TopologyVirtualService[];
  /** `80 → 8001 to 8002` */
  readonly redirects: readonly string[];
}

export interface TopologyVirtualService {
  /** The construct's id; one of its kind on its director. */
  readonly name: string;
  readonly endpoints: readonly { readonly address: string; readonly port: number; readonly protocol: string }[];
  readonly mark?: number;
  /** ipvsadm's word, with its flags. */
  readonly scheduler: string;
  readonly persistenceSeconds?: number;
  readonly onePacket: boolean;
  /** `masquerading, SNAT` */
  readonly forwarding: string;
  /** Refusals that were acknowledged. */
  readonly acknowledged: readonly string[];
  /** Fixed ones. */
  readonly realServers: readonly TopologyRealServer[];
  /** The service of Consul that its real servers come from. @default - they are fixed */
  readonly follows?: string;
  /** Tag that its instances must have. @default - any */
  readonly tag?: string;
  /** Consul datacenter of its instances. @default - the director's own */
  readonly datacenter?: string;
  /** Its own iptables chain, on the iptables plane. */
  readonly chain?: string;
}

export interface TopologyRealServer {
  readonly machine: string;
  readonly address: string;
  /** 0: the port that the client asked for. */
  readonly port: number;
  readonly weight: number;
  readonly forwarding: string;
}

export interface TopologyGateway {
  readonly name: string;
  /** Whether it is a job of Nomad; otherwise a unit of its machines. */
  readonly job: boolean;
  readonly machines: readonly string[];
  readonly routes: readonly { readonly id: string; readonly requests: string; readonly leadsTo: string }[];
  /** Whether its routes are made by its Admin API. */
  readonly admin: boolean;
}

export interface TopologyJob {
  readonly name: string;
  /** `service`, `batch`, `system` */
  readonly type: string;
  /** Instances of all groups; of a system job there is one on each machine. */
  readonly count: number;
  /** Its services in Consul. */
  readonly services: readonly string[];
  /** Machines that it may be placed on. */
  readonly machines: readonly string[];
}

export interface TopologyService {
  readonly name: string;
  readonly instances: readonly { readonly machine: string; readonly address: string; readonly port: number }[];
}

export interface TopologyCluster {
  readonly kind: "Consul" | "Nomad";
  /** Its servers among the machines; empty for a cluster that exists. */
  readonly servers: readonly string[];
  /** Where a cluster that exists answers. */
  readonly address?: string;
}
