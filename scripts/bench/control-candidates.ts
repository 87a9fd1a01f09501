import { Sample } from "./sample";

/** Kernel mechanisms of directors. */
export const PLANES = ["ipvs", "iptables"] as const;
export type ControlPlane = (typeof PLANES)[number];

/** What happens on a director. */
export const TASKS = {
  first: "first application",
  weight: "one weight",
  nothing: "nothing to change",
} as const;
export type Task = keyof typeof TASKS;

/**
 * `other` replaces the whole table by the kernel's own tool; where nothing changes, it leaves the table alone. `keepalived` starts,
 * or reads its settings again.
 */
export type ControlCandidate = "vipstack" | "other" | "keepalived";

/** In the order in which they take turns. */
export function candidatesOf(plane: ControlPlane, task: Task): ControlCandidate[] {
  return plane === "ipvs" && task !== "nothing" ? ["other", "keepalived", "vipstack"] : ["other", "vipstack"];
}

/** What the other candidate is called in tables and pictures. */
export const WHOLE_TABLE = { ipvs: "ipvsadm -R", iptables: "iptables-restore" } as const;

/** One measurement, before it is made. */
export interface ControlCase {
  readonly plane: ControlPlane;
  readonly task: Task;
  readonly candidate: ControlCandidate;
  /** Real servers. */
  readonly servers: number;
  /** From 1. */
  readonly run: number;
}

/** A measurement: time in the guest, and the host's processor time for the guest. */
export interface ControlRun extends ControlCase, Sample {}

export function isPlane(word: string): word is ControlPlane {
  return (PLANES as readonly string[]).includes(word);
}
