import { hostPort, WebServer } from "./web-servers";

/** Which way a request takes from the client to the container. */
export const WEB_PATHS = {
  host: { title: "host port", address: "10.97.0.31", port: hostPort },
  director: { title: "director", address: "10.97.0.100", port: hostPort },
  gateway: { title: "gateway", address: "10.97.0.41", port: () => 9080 },
} as const;
export type WebPath = keyof typeof WEB_PATHS;

/** Machines that are watched while the client asks. */
export const WATCHED = ["client", "director", "web", "gateway"] as const;
export type Watched = (typeof WATCHED)[number];

/** How the servers run, and which paths there are: decided by what the lab has. */
export interface WebPlan {
  readonly servers: readonly WebServer[];
  /** As jobs of Nomad; otherwise the same containers run by systemd and Docker. */
  readonly nomad: boolean;
  /** Whether APISIX is there. */
  readonly gateway: boolean;
}

/** One measurement, before it is made. */
export interface WebCase {
  /** Name of the server. */
  readonly server: string;
  readonly path: WebPath;
  readonly keepAlive: boolean;
  /** From 1. */
  readonly run: number;
}

/** Of an answered request, in milliseconds. */
export interface WebRequest {
  /** Since the client's first request. */
  readonly start: number;
  /** From the start to a connection; 0 on one that is there already. */
  readonly setUp: number;
  /** From then to the first byte of the picture. */
  readonly wait: number;
  /** From then to its last byte. */
  readonly transfer: number;
}

/** What a machine counts between two looks. */
export interface Interval {
  /** Milliseconds since the client's first request; below 0 before it. */
  readonly from: number;
  readonly to: number;
  /** TCP segments sent again, by the machine or a container on it. */
  readonly retransmissions: number;
  /** Rounds of the network's softirq that ended with packets left. */
  readonly squeezed: number;
  /** Packets dropped before the network stack saw them. */
  readonly dropped: number;
  /** Milliseconds in softirqs, as the guest counts them, in ticks of 10. */
  readonly softirq: number;
  /** Milliseconds for which the program that looks waited for the guest's processor. */
  readonly queued: number;
}

/** What the host counts for one machine between two looks. */
export interface HostInterval {
  readonly from: number;
  readonly to: number;
  /** Milliseconds in which the machine could run, and the host ran something else. */
  readonly waited: number;
}

/** What was seen of a machine while the client asked. */
export interface Evidence {
  readonly machine: Watched;
  readonly guest: readonly Interval[];
  readonly host: readonly HostInterval[];
}

/** A measurement. */
export interface WebRun extends WebCase {
  readonly seconds: number;
  readonly errors: number;
  /** Of one answer. */
  readonly bytes: number;
  readonly requests: readonly WebRequest[];
  readonly evidence: readonly Evidence[];
}

export function lengthOf({ setUp, wait, transfer }: WebRequest): number {
  return setUp + wait + transfer;
}

export function isWebPath(word: string): word is WebPath {
  return word in WEB_PATHS;
}
