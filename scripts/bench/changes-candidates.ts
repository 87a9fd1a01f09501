import { Sample } from "./sample";

/** Who changes the director's table. */
export const CHANGE_CANDIDATES = {
  ipvsadm: { title: "ipvsadm -C, ipvsadm -R", plane: "ipvs" },
  keepalived: { title: "keepalived, reload", plane: "ipvs" },
  ipvs: { title: "vipstack, ipvs", plane: "ipvs" },
  restore: { title: "iptables-restore", plane: "iptables" },
  iptables: { title: "vipstack, iptables", plane: "iptables" },
} as const;
export type ChangeCandidate = keyof typeof CHANGE_CANDIDATES;

/** One measurement, before it is made. */
export interface ChangeCase {
  readonly candidate: ChangeCandidate;
  /** Real servers. */
  readonly servers: number;
  /** Changes, one directly after the other: an even number, so that it ends as it began. */
  readonly changes: number;
  /** From 1. */
  readonly run: number;
}

/** What the client saw meanwhile. */
export interface ChangeLoad {
  /** Requests on a connection of their own, and how many of them got no answer. */
  readonly opened: number;
  readonly refused: number;
  /** Requests on connections that stay open, and how many of these connections broke. */
  readonly asked: number;
  readonly broken: number;
  /** Milliseconds of the slowest request that was answered. */
  readonly slowest: number;
  /** What went wrong, and how often. */
  readonly errors: Readonly<Record<string, number>>;
}

/** A measurement: time in the guest, the host's processor time for it, and the client's view. */
export interface ChangeRun extends ChangeCase, Sample, ChangeLoad {}

export function isChangeCandidate(word: string): word is ChangeCandidate {
  return word in CHANGE_CANDIDATES;
}
