/** What is done to the instances. */
export const CONVERGENCE_STEPS = ["scale-out", "scale-in"] as const;
export type ConvergenceStep = (typeof CONVERGENCE_STEPS)[number];

/** How the instances run: decided by what the lab has. */
export interface ConvergencePlan {
  /** As tasks of a job whose count changes; otherwise one is started and stopped on its machine, where an agent registers it. */
  readonly nomad: boolean;
}

/** One change of the number of instances, and what the client saw of it. */
export interface ConvergenceRun {
  readonly step: ConvergenceStep;
  /** From 1. */
  readonly run: number;
  /** From the command to the first request that the new instance answers, or to the last one of the instance that leaves. */
  readonly seconds: number;
  /** For how long the new instance had been listening then. Absent where one leaves. */
  readonly listening?: number;
  /** Since the command. */
  readonly requests: number;
  readonly lost: readonly LostRequest[];
  /** Requests that each instance answered. */
  readonly answers: Readonly<Record<string, number>>;
}

export interface LostRequest {
  /** Seconds since the command. */
  readonly at: number;
  readonly problem: string;
}

export interface ConvergenceResults {
  readonly plan: ConvergencePlan;
  /** The table that vipstack computes. */
  readonly table: string;
  readonly runs: readonly ConvergenceRun[];
}

export const VIRTUAL_SERVICE = { address: "10.98.0.100", port: 80 };
/** Instances at the begin; one of them leaves and comes back. */
export const COUNT = 3;
/** Of the job, and of the service without Nomad. */
export const NAME = "web";
/** Where there is no Nomad: the port of each instance, its unit, and the machine of the instance that leaves and comes back. */
export const PORT = 8080;
export const UNIT = "bench-instance.service";
export const CHANGED_MACHINE = "web3";
export const CONTROL_MACHINE = "control";
/** For which an instance serves after it has left the catalog, with and without Nomad. */
export const SHUTDOWN_DELAY_SECONDS = 10;
