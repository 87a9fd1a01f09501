import { nanoseconds } from "./job-duration";
import { renderPlacement } from "./job-placement";
import { ApiTaskGroup, copied, defined, listed, overridden } from "./job-specification";
import { renderMigrate, renderReschedule, renderRestart, renderUpdate } from "./job-update";
import { renderNetwork } from "./port-mapping";
import { NamedService, renderService } from "./service-options";
import { GroupOptions } from "./task-group";
import { TaskOptions } from "./task-options";
import { renderTask } from "./task-rendering";

/** @param services those of the group and of its tasks */
export function renderGroup(name: string, group: GroupOptions, services: readonly NamedService[]): ApiTaskGroup {
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

/** A port can be published to one container; in a network namespace of the group's it is mapped without Docker's help. */
function publishedPorts(group: GroupOptions, { docker }: TaskOptions): string[] {
  const containers = Object.values(group.tasks).filter((each) => each.docker !== undefined);
  const mapped = (group.networkMode ?? "host") === "host" && docker?.networkMode === undefined;
  return mapped && containers.length === 1 ? Object.keys(group.ports ?? {}) : [];
}
