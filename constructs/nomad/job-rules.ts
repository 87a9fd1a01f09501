import { Failure } from "../private/failure";
import { durationFailures } from "./job-duration";
import { JobOptions, JobType } from "./job-options";
import { placementFailures } from "./job-placement";
import { Places, servicesOf } from "./job-places";
import { lifeFailures, updateFailures } from "./job-update";
import { portFailures } from "./port-mapping";
import { serviceFailures } from "./service-rules";
import { GroupOptions } from "./task-group";
import { taskFailures } from "./task-rules";

/** What Nomad itself would refuse, or accept and not do: found before anything is deployed. */
export function jobFailures(name: string, job: JobOptions, places: Places): Failure[] {
  const { type = JobType.SERVICE, priority, periodic, update, groups } = job;
  const failures: Failure[] = [...placementFailures("", job), ...(update ? updateFailures("update", update) : [])];
  const require = (ok: boolean, property: string, rule: string, got: unknown, cure: string): void => {
    if (!ok) failures.push({ property, rule, got, cure });
  };
  require(name !== "" &&
    !/[\s\0]/.test(name), "name", "can't have white space in it", name, "for example 'hello-world'");
  require(priority === undefined ||
    (Number.isInteger(priority) &&
      priority >= 1 &&
      priority <= 100), "priority", "must be a whole number from 1 to 100", priority, "50 is usual");
  require(job.datacenters?.length !==
    0, "datacenters", "must name one", job.datacenters, 'leave it out for all of them, or use ["dc1"]');
  require(Object.keys(groups).length >
    0, "groups", "must name one", undefined, "for example { web: { tasks: { server: { docker: { … } } } } }");
  const batch = type === JobType.BATCH || type === JobType.SYSBATCH;
  require(periodic === undefined ||
    batch, "periodic", `can't go with JobType.${type.toUpperCase()}, which never ends`, periodic?.crons, "use JobType.BATCH");
  require(periodic?.crons.length !== 0, "periodic.crons", "must hold a line", undefined, 'for example ["0 3 * * *"]');
  require(update === undefined ||
    !batch, "update", `can't go with JobType.${type.toUpperCase()}, which is not replaced while it runs`, undefined, "leave it out");
  if (type === JobType.SYSTEM) failures.push(...systemFailures("", job));
  return [
    ...failures,
    ...Object.entries(groups).flatMap(([group, options]) => groupFailures(group, options, type, places)),
    ...serviceFailures(servicesOf(name, job, places), groups, places),
  ];
}

function groupFailures(name: string, group: GroupOptions, type: JobType, places: Places): Failure[] {
  const at = places.group(name);
  const failures: Failure[] = [
    ...placementFailures(at, group),
    ...portFailures(`${at}ports`, group.ports ?? {}),
    ...durationFailures({ [`${at}shutdownDelay`]: group.shutdownDelay }),
    ...lifeFailures(at, group),
    ...(group.update ? updateFailures(`${at}update`, group.update) : []),
  ];
  const require = (ok: boolean, property: string, rule: string, got: unknown, cure: string): void => {
    if (!ok) failures.push({ property: `${at}${property}`, rule, got, cure });
  };
  const { count } = group;
  const word = `JobType.${type.toUpperCase()}`;
  const everywhere = type === JobType.SYSTEM || type === JobType.SYSBATCH;
  require(count === undefined ||
    (Number.isInteger(count) &&
      count >= 0), "count", "must be a whole number, 0 or more", count, "say how many instances there are to be");
  require(!everywhere ||
    (count ?? 1) <=
      1, "count", `can't go with ${word}, which runs one on every client`, count, "leave it out, or use JobType.SERVICE");
  require(!everywhere ||
    group.reschedule ===
      undefined, "reschedule", `can't go with ${word}, whose instances belong to their clients`, undefined, "leave it out");
  require(type === JobType.SERVICE ||
    group.migrate ===
      undefined, "migrate", `can't go with ${word}, whose instances do not move`, undefined, "leave it out");
  require(type === JobType.SERVICE ||
    type === JobType.SYSTEM ||
    group.update ===
      undefined, "update", `can't go with ${word}, which is not replaced while it runs`, undefined, "leave it out");
  require(Object.keys(group.tasks).length >
    0, "tasks", "must name one", undefined, "for example { server: { docker: { … } } }");
  require(type !== JobType.SYSTEM ||
    group.update?.stagger ===
      undefined, "update.stagger", "can't go with a group: Nomad reads a system job's own", group.update
    ?.stagger, "move it to the job's 'update'");
  if (type === JobType.SYSTEM) failures.push(...systemFailures(at, group));
  return [
    ...failures,
    ...Object.entries(group.tasks).flatMap(([task, options]) =>
      taskFailures(places.task(name, task), task, options, group),
    ),
  ];
}

function systemFailures(at: string, { affinities, spreads }: Pick<GroupOptions, "affinities" | "spreads">): Failure[] {
  const refuse = (property: string): Failure => ({
    property: `${at}${property}`,
    rule: "can't go with JobType.SYSTEM, which runs on every client anyway",
    cure: "use 'constraints' to leave clients out",
  });
  return [
    ...(affinities === undefined ? [] : [refuse("affinities")]),
    ...(spreads === undefined ? [] : [refuse("spreads")]),
  ];
}
