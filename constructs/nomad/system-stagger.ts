import { ConvergenceBudget } from "./convergence-budget";
import { worst } from "./convergence-text";
import { formatDuration, secondsOf } from "./job-duration";
import { JobOptions } from "./job-options";

const NOMADS_OWN = 30;

/**
 * The time between clients in an update of a system job: Nomad before 1.11 goes on by the clock, healthy or not. An instance has
 * to leave within it, and its successor to get requests.
 */
export function staggerOf({ groups }: Pick<JobOptions, "groups">): string {
  const spans = Object.values(groups).map(({ shutdownDelay, tasks, services = [] }) => {
    const kill = Math.max(0, ...Object.values(tasks).map(({ killTimeout = "5s" }) => secondsOf(killTimeout)));
    const check = services[0]?.checks?.[0];
    const { interval: checkInterval = "0s", timeout: checkTimeout = "0s" } = check ?? {};
    return secondsOf(shutdownDelay) + kill + worst(new ConvergenceBudget({ checkInterval, checkTimeout }).scaleOut);
  });
  return formatDuration(Math.ceil(Math.max(NOMADS_OWN, ...spans)) * 1e9);
}
