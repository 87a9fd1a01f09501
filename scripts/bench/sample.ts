/** One measurement. */
export interface Sample {
  readonly milliseconds: number;
  /** Processor time, user's and system's: what else the machine does hardly changes it. */
  readonly cpuMilliseconds: number;
}
