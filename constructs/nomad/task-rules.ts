import { Failure } from "../private/failure";
import { durationFailures } from "./job-duration";
import { placementFailures } from "./job-placement";
import { templateFailures } from "./job-template";
import { lifeFailures } from "./job-update";
import { driversOf } from "./task-driver";
import { GroupOptions } from "./task-group";
import { TaskOptions } from "./task-options";

/** @param at where the caller wrote it: `groups.web.tasks.server.`, or nothing */
export function taskFailures(at: string, name: string, task: TaskOptions, group: GroupOptions): Failure[] {
  const failures: Failure[] = [
    ...placementFailures(at, task),
    ...lifeFailures(at, { restart: task.restart }),
    ...durationFailures({
      [`${at}killTimeout`]: task.killTimeout,
      [`${at}shutdownDelay`]: at === "" ? undefined : task.shutdownDelay,
    }),
    ...(task.templates ?? []).flatMap((template, index) => templateFailures(`${at}templates[${index}]`, template)),
  ];
  const require = (ok: boolean, property: string, rule: string, got: unknown, cure: string): void => {
    if (!ok) failures.push({ property: `${at}${property}`, rule, got, cure });
  };
  const drivers = driversOf(task);
  require(drivers.length ===
    1, "docker", "must be given, or one of 'exec', 'rawExec', 'driver', and only one of them", drivers, "say how the task is run: docker: { image: 'nginx:stable' }");
  // Nomad keeps a folder of each task beside `alloc`.
  require(name !== "alloc" &&
    !/[/\\\0]/.test(name), "name", "can't be 'alloc' or have slashes in it", name, "choose another name for the task");

  const labels = Object.keys(group.ports ?? {});
  for (const label of task.docker?.ports ?? [])
    require(labels.includes(
      label,
    ), "docker.ports", `must be labels of the group's ports${listOf(labels)}`, label, cureForLabel(labels));
  const { cpu, cores, memory, memoryMax } = task.resources ?? {};
  for (const [property, value] of Object.entries({ cpu, cores, memory, memoryMax }))
    require(value === undefined ||
      (Number.isInteger(value) &&
        value >= 1), `resources.${property}`, "must be a whole number, 1 or more", value, "cpu is MHz, memory is MiB");
  require(cpu === undefined || cores === undefined, "resources.cpu", "can't go with 'cores'", cpu, "use one of them");
  require(memory === undefined ||
    memory >=
      10, "resources.memory", "must be at least 10 MiB, Nomad's minimum", memory, "64 is enough for a small server");
  require(memoryMax === undefined ||
    memoryMax >=
      (memory ?? 300), "resources.memoryMax", "must be at least 'memory'", memoryMax, "raise it, or lower 'memory'");
  const volumes = Object.keys(group.volumes ?? {});
  for (const { volume } of task.volumeMounts ?? [])
    require(volumes.includes(
      volume,
    ), "volumeMounts", `must name volumes of the group${listOf(volumes)}`, volume, "add it to 'volumes'");
  const destinations = [
    ...(task.templates ?? []).map(({ destination }) => destination),
    ...Object.keys(task.files ?? {}).map((path) => `local/${path}`),
  ];
  for (const [index, { source }] of (task.artifacts ?? []).entries())
    require(source !== "", `artifacts[${index}].source`, "can't be empty, which Nomad refuses", source, "name a URL");
  for (const twice of new Set(destinations.filter((each, index) => destinations.indexOf(each) !== index)))
    require(false, "templates", "can't write one file twice", twice, "give one of them another destination");
  for (const path of Object.keys(task.files ?? {}))
    require(!/^$|^\/|\/$|(^|\/)\.\.(\/|$)/.test(
      path,
    ), "files", "must have paths below the task's local folder", path, "for example 'index.html'");
  return failures;
}

/** ` (www, admin)` */
export function listOf(names: readonly string[]): string {
  return names.length === 0 ? "" : ` (${names.join(", ")})`;
}

export function cureForLabel(labels: readonly string[]): string {
  return labels.length === 0 ? "add it to 'ports'" : `use one of them, or add it to 'ports'`;
}
