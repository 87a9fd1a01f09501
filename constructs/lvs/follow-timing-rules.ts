import { ConvergenceBudget } from "./convergence";

/** What decides whether an instance still serves when it gets its last connection. Seconds. */
export interface FollowTiming {
  /** The longest that consul-template waits while changes go on. */
  readonly waitMax: number;
  /** How long the last real servers stay when no instance is healthy. @default - without limit */
  readonly grace?: number;
  /** Until a check notices an instance, at worst. @default - not known */
  readonly lag?: number;
  /** How long an instance serves after it left the catalog. @default - not known */
  readonly shutdownDelay?: number;
}

/** What doesn't fit together between a service and the director that follows it. */
export function timingWarnings(service: string, { waitMax, grace, lag, shutdownDelay }: FollowTiming): string[] {
  const told = new ConvergenceBudget({ templateWaitMax: `${waitMax}s` }).lag;
  return [
    ...(shutdownDelay === undefined || shutdownDelay >= told
      ? []
      : [
          `'waitSeconds' lets up to ${told} s pass until an instance of ${service} that left gets no new connections, and it serves for ${shutdownDelay} s after it left: lower 'waitSeconds.max', or raise the shutdown delay of ${service} to ${Math.ceil(told)} s`,
        ]),
    ...(lag === undefined || grace === undefined || grace === 0 || grace >= lag
      ? []
      : [
          `'whenEmpty' has a grace of ${grace} s, and the checks of ${service} need up to ${lag} s to find a healthy instance again after a restart of Consul: raise 'graceSeconds' to ${Math.ceil(lag)}, or shorten the checks`,
        ]),
  ];
}
