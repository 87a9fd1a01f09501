/** What stands between the client and the web server, and where the client asks. */
export const PLANE_CANDIDATES = {
  direct: { title: "direct", machine: undefined, address: "10.95.0.31" },
  gateway: { title: "IPVS, masquerading", machine: "director", address: "10.95.0.104" },
  snat: { title: "IPVS, masquerading with SNAT", machine: "director", address: "10.95.0.100" },
  routing: { title: "IPVS, direct routing", machine: "director", address: "10.95.0.101" },
  tunneling: { title: "IPVS, tunneling", machine: "director", address: "10.95.0.102" },
  iptables: { title: "iptables, SNAT", machine: "filter", address: "10.95.0.105" },
  haproxy: { title: "HAProxy, mode tcp", machine: "proxy", address: "10.95.0.22:8001" },
  nginx: { title: "nginx, stream", machine: "proxy", address: "10.95.0.22:8002" },
  keepalived: { title: "keepalived, direct routing", machine: "keeper", address: "10.95.0.103" },
} as const;
export type PlaneCandidate = keyof typeof PLANE_CANDIDATES;

/** What the client does, by wrk; for how many times the seconds of a run. One request after the other has few, and a p99.99 wants 10,000. */
export const LOADS = {
  connections: { title: "connections", connections: 16, path: "/small", close: true, times: 1 },
  requests: { title: "requests with keep-alive", connections: 16, path: "/small", close: false, times: 1 },
  bulk: { title: "bulk", connections: 2, path: "/bulk", close: false, times: 1 },
  latency: { title: "one request after the other", connections: 1, path: "/small", close: false, times: 5 },
} as const;
export type Load = keyof typeof LOADS;

/** Percentiles of latency, as words, since they are keys in JSON. */
export const PERCENTILES = ["50", "90", "99", "99.9", "99.99"] as const;
export type Percentile = (typeof PERCENTILES)[number];

/** One measurement, before it is made. */
export interface PlaneCase {
  readonly candidate: PlaneCandidate;
  readonly load: Load;
  /** From 1. */
  readonly run: number;
}

/** What wrk tells. */
export interface Answers {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Connections and answers that failed. */
  readonly errors: number;
  /** Milliseconds by percentile. */
  readonly latency: Readonly<Record<Percentile, number>>;
}

/** A measurement. */
export interface PlaneRun extends PlaneCase, Answers {
  /** Processor time of the host for the machine in the middle. */
  readonly cpuMilliseconds?: number;
}

export function isPlaneCandidate(word: string): word is PlaneCandidate {
  return word in PLANE_CANDIDATES;
}
