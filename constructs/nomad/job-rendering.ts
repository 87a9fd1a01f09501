import { Failure } from "../private/failure";
import { JobOptions, JobType } from "./job-options";
import { PlacementOptions, renderAffinity, renderConstraint, renderSpread } from "./job-placement";
import { ApiJob, ApiTask, ApiTaskGroup, copied, defined, listed } from "./job-specification";
import { renderTemplate, templateOfFile } from "./job-template";
import { renderMigrate, renderReschedule, renderRestart, renderUpdate } from "./job-update";
import { nanoseconds } from "./job-duration";
import { renderNetwork } from "./port-mapping";
import { NamedService, renderService, JobServiceOptions } from "./service-options";
import { GroupOptions } from "./task-group";
import { renderDriver } from "./task-driver";
import { TaskOptions } from "./task-options";

/** Where the caller wrote a group or a task, as the start of a property's name. */
export interface Places {
  readonly group: (group: string) => string;
  readonly task: (group: string, task: string) => string;
  /** A failure in the caller's own words. */
  readonly asWritten: (failure: Failure) => Failure;
}

/** As {@link JobOptions} nest: `groups.web.tasks.server.`. */
export const NESTED: Places = {
  asWritten: (failure) => failure,
  group: (group) => `groups.${group}.`,
  task: (group, task) => `groups.${group}.tasks.${task}.`,
};

/** A job as the API takes it, overrides included. */
export function renderJob(name: string, job: JobOptions): ApiJob {
  const { periodic, override } = job;
  const services = servicesOf(name, job);
  return overridden(
    override,
    defined({
      ID: name,
      Name: name,
      Type: job.type ?? JobType.SERVICE,
      Datacenters: [...(job.datacenters ?? ["*"])],
      Region: job.region,
      Namespace: job.namespace,
      NodePool: job.nodePool,
      Priority: job.priority,
      Meta: copied(job.meta),
      ...renderPlacement(job),
      Update: job.update && renderUpdate(job.update),
      Periodic:
        periodic &&
        defined({
          Enabled: true,
          SpecType: "cron",
          Specs: [...periodic.crons],
          ProhibitOverlap: periodic.prohibitOverlap,
          TimeZone: periodic.timeZone,
        }),
      TaskGroups: Object.entries(job.groups).map(([group, options]) =>
        renderGroup(
          group,
          options,
          services.filter((service) => service.group === group),
        ),
      ),
    }),
  );
}

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

function renderGroup(name: string, group: GroupOptions, services: readonly NamedService[]): ApiTaskGroup {
  const { volumes, ephemeralDisk: disk, override } = group;
  const tasks = Object.entries(group.tasks);
  const onlyTask = tasks.length === 1 ? tasks[0]?.[0] : undefined;
  const network = renderNetwork(group.ports ?? {}, group.networkMode);
  const rendered = (task?: string): NamedService[] => services.filter((service) => service.task === task);
  return overridden(
    override,
    defined({
      Name: name,
      Count: group.count,
      Meta: copied(group.meta),
      ...renderPlacement(group),
      Networks: network && [network],
      Services: listed(rendered(), (service) => renderService(service, onlyTask)),
      ShutdownDelay: nanoseconds(group.shutdownDelay),
      Update: group.update && renderUpdate(group.update),
      RestartPolicy: group.restart && renderRestart(group.restart),
      ReschedulePolicy: group.reschedule && renderReschedule(group.reschedule),
      Migrate: group.migrate && renderMigrate(group.migrate),
      EphemeralDisk: disk && defined({ SizeMB: disk.size, Migrate: disk.migrate, Sticky: disk.sticky }),
      Volumes:
        volumes &&
        Object.fromEntries(
          Object.entries(volumes).map(([label, volume]) => [
            label,
            defined({
              Name: label,
              Type: volume.type ?? "host",
              Source: volume.source,
              ReadOnly: volume.readOnly,
              AccessMode: volume.accessMode,
              AttachmentMode: volume.attachmentMode,
              PerAlloc: volume.perAlloc,
            }),
          ]),
        ),
      Tasks: tasks.map(([task, options]) => renderTask(task, options, publishedPorts(group, options), rendered(task))),
    }),
  );
}

function renderTask(
  name: string,
  task: TaskOptions,
  publish: readonly string[],
  services: readonly NamedService[],
): ApiTask {
  const { lifecycle, resources, logs, override } = task;
  const files = Object.entries(task.files ?? {}).map(([path, text]) => templateOfFile(path, text));
  return overridden(
    override,
    defined({
      Name: name,
      ...renderDriver(task, publish),
      User: task.user,
      Leader: task.leader,
      Lifecycle: lifecycle && defined({ Hook: lifecycle.hook, Sidecar: lifecycle.sidecar }),
      Meta: copied(task.meta),
      ...renderPlacement(task),
      Env: copied(task.env),
      Templates: listed([...(task.templates ?? []), ...files], renderTemplate),
      Artifacts: listed(task.artifacts, (artifact) =>
        defined({
          GetterSource: artifact.source,
          RelativeDest: artifact.destination,
          GetterMode: artifact.mode,
          GetterOptions: copied(artifact.options),
          GetterHeaders: copied(artifact.headers),
        }),
      ),
      VolumeMounts: listed(task.volumeMounts, (mount) =>
        defined({
          Volume: mount.volume,
          Destination: mount.destination,
          ReadOnly: mount.readOnly,
          PropagationMode: mount.propagationMode,
        }),
      ),
      Resources:
        resources &&
        defined({
          CPU: resources.cpu,
          Cores: resources.cores,
          MemoryMB: resources.memory,
          MemoryMaxMB: resources.memoryMax,
        }),
      Services: listed(services, (service) => renderService(service, name)),
      RestartPolicy: task.restart && renderRestart(task.restart),
      LogConfig: logs && defined({ MaxFiles: logs.maxFiles, MaxFileSizeMB: logs.maxFileSize, Disabled: logs.disabled }),
      KillTimeout: nanoseconds(task.killTimeout),
      KillSignal: task.killSignal,
      ShutdownDelay: nanoseconds(task.shutdownDelay),
    }),
  );
}

/** A port can be published to one container; in a network namespace of the group's it is mapped without Docker's help. */
function publishedPorts(group: GroupOptions, { docker }: TaskOptions): string[] {
  const containers = Object.values(group.tasks).filter((each) => each.docker !== undefined);
  const mapped = (group.networkMode ?? "host") === "host" && docker?.networkMode === undefined;
  return mapped && containers.length === 1 ? Object.keys(group.ports ?? {}) : [];
}

function renderPlacement({
  constraints,
  affinities,
  spreads,
}: PlacementOptions): Pick<ApiTaskGroup, "Constraints" | "Affinities" | "Spreads"> {
  return {
    Constraints: listed(constraints, renderConstraint),
    Affinities: listed(affinities, renderAffinity),
    Spreads: listed(spreads, renderSpread),
  };
}

/** The escape hatch: whoever wrote it has the last word. */
function overridden<T>(override: ((value: T) => T) | undefined, value: T): T {
  return override === undefined ? value : override(value);
}
