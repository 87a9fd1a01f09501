import { ConvergenceBudget } from "./convergence-budget";
import { secondsOf } from "./job-duration";
import { JobOptions } from "./job-options";
import { Places } from "./job-places";
import { JobFinding, JobRefusal } from "./job-refusal";
import { NamedService } from "./service-options";

/** A job as its neighbours see it. */
export interface PlacedJob {
  readonly path: string;
  readonly name: string;
  readonly options: JobOptions;
  readonly places: Places;
  readonly services: readonly NamedService[];
}

const CLIENT_MAXIMUM_KILL_TIMEOUT = 30;

/** Delays that lose requests, and ports that are given away. */
export function ownFindings(
  { options, places, services }: PlacedJob,
  {
    dynamicPorts,
    budget,
    followed,
  }: {
    readonly dynamicPorts: { readonly min: number; readonly max: number };
    /** Of a group's shutdown delay. */
    readonly budget: (group: string) => ConvergenceBudget;
    /** Groups of services that get requests by their catalog entries. */
    readonly followed: ReadonlySet<string>;
  },
): JobFinding[] {
  const { min, max } = dynamicPorts;
  return Object.entries(options.groups).flatMap(([group, { shutdownDelay, ports = {}, tasks }]) => {
    const at = places.group(group);
    const served = services.some(
      (service) => service.group === group && (service.options.provider ?? "consul") === "consul",
    );
    const delays =
      served && (shutdownDelay !== undefined || followed.has(group))
        ? budget(group).failures(`${at}shutdownDelay`, shutdownDelay)
        : [];
    return [
      ...delays.map((failure) => ({ refusal: JobRefusal.SHUTDOWN_DELAY_BELOW_LAG, failure })),
      ...Object.entries(tasks)
        .filter(([, { killTimeout }]) => secondsOf(killTimeout) > CLIENT_MAXIMUM_KILL_TIMEOUT)
        .map(([task, { killTimeout }]) => ({
          refusal: JobRefusal.KILL_TIMEOUT_ABOVE_CLIENT_MAXIMUM,
          failure: {
            property: `${places.task(group, task)}killTimeout`,
            rule: `must be at most ${CLIENT_MAXIMUM_KILL_TIMEOUT}s, a client's default max_kill_timeout, or the task is killed before`,
            got: killTimeout,
            cure: `use '${CLIENT_MAXIMUM_KILL_TIMEOUT}s', or raise max_kill_timeout on every client`,
          },
        })),
      ...Object.entries(ports)
        .filter(([, port]) => port.static !== undefined && port.static >= min && port.static <= max)
        .map(([label, port]) => ({
          refusal: JobRefusal.STATIC_PORT_IN_DYNAMIC_RANGE,
          failure: {
            property: `${at}ports.${label}.static`,
            rule: `can't lie in the dynamic range ${min} to ${max}, where Nomad may give it to another job first`,
            got: port.static,
            cure: "choose a port outside, or leave 'static' out",
          },
        })),
    ];
  });
}
