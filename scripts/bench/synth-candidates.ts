import type { App } from "cdktf";
import { Sample } from "./sample";

/** Who synthesizes: this library, or Terraform's provider by its bare CDKTF bindings. */
export type Candidate = keyof typeof CANDIDATES;

/** What the candidates are called in tables and pictures. */
export const CANDIDATES = { bare: "bare CDKTF bindings", vipstack: "vipstack" } as const;

export function isCandidate(word: string): word is Candidate {
  return Object.hasOwn(CANDIDATES, word);
}

/** What a program is full of. */
export const SUBJECTS = { jobs: "Nomad jobs", machines: "machines" } as const;
export type Subject = keyof typeof SUBJECTS;

export function isSubject(word: string): word is Subject {
  return Object.hasOwn(SUBJECTS, word);
}

/** A sample, with what was measured. */
export interface SynthRun extends Sample {
  readonly candidate: Candidate;
  /** Jobs or machines of the program. */
  readonly size: number;
  /** From 1. */
  readonly run: number;
}

/** Prepares what is not measured, and returns what makes a program of so many. */
export type Maker = (candidate: Candidate, size: number) => (app: App) => void;
