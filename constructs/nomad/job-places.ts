import { Failure } from "../private/failure";
import { JobOptions } from "./job-options";
import { JobServiceOptions, NamedService } from "./service-options";

/** Where the caller wrote a group or a task, as the start of a property's name. */
export interface Places {
  readonly group: (group: string) => string;
  readonly task: (group: string, task: string) => string;
  /** A failure with the properties as the caller wrote them. */
  readonly asWritten: (failure: Failure) => Failure;
}

/** As {@link JobOptions} nest: `groups.web.tasks.server.`. */
export const NESTED: Places = {
  asWritten: (failure) => failure,
  group: (group) => `groups.${group}.`,
  task: (group, task) => `groups.${group}.tasks.${task}.`,
};

/** Every service of a job, named. */
export function servicesOf(job: string, { groups }: JobOptions, places: Places = NESTED): NamedService[] {
  return Object.entries(groups).flatMap(([group, options]) => {
    const labels = Object.keys(options.ports ?? {});
    const onlyPort = labels.length === 1 ? labels[0] : undefined;
    const name = (services: readonly JobServiceOptions[], at: string, task?: string): NamedService[] =>
      services.map((each, index) => ({
        at: `${at}services[${index}]`,
        group,
        task,
        name: each.name ?? [job, group, ...(task === undefined ? [] : [task])].join("-"),
        port: each.port ?? onlyPort,
        options: each,
      }));
    return [
      ...name(options.services ?? [], places.group(group)),
      ...Object.entries(options.tasks).flatMap(([task, { services = [] }]) =>
        name(services, places.task(group, task), task),
      ),
    ];
  });
}
