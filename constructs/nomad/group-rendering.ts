import { nanoseconds } from "./job-duration";
import { renderPlacement } from "./job-placement";
import {
  allRendered,
  ApiEphemeralDisk,
  ApiTaskGroup,
  ApiVolume,
  copied,
  defined,
  listed,
  overridden,
} from "./job-specification";
import { renderMigrate, renderReschedule, renderRestart, renderUpdate } from "./job-update";
import { renderNetwork } from "./port-mapping";
import { NamedService, renderService } from "./service-options";
import { EphemeralDiskOptions, GroupOptions, VolumeOptions } from "./task-group";
import { TaskOptions } from "./task-options";
import { renderTask } from "./task-rendering";

/** @param services those of the group and of its tasks */
export function renderGroup(
  name: string,
  group: Omit<GroupOptions, "services">,
  services: readonly NamedService[],
): ApiTaskGroup {
  const { tasks: named, meta, override, count, ports, networkMode, volumes, ephemeralDisk: disk, ...more } = group;
  const { restart, reschedule, migrate, update, shutdownDelay, constraints, affinities, spreads, ...rest } = more;
  allRendered(rest);
  const tasks = Object.entries(named);
  const onlyTask = tasks.length === 1 ? tasks[0]?.[0] : undefined;
  const network = renderNetwork(ports ?? {}, networkMode);
  const rendered = (task?: string): NamedService[] => services.filter((service) => service.task === task);
  return overridden(
    override,
    defined({
      Name: name,
      Count: count,
      Meta: copied(meta),
      ...renderPlacement({ constraints, affinities, spreads }),
      Networks: network && [network],
      Services: listed(rendered(), (service) => renderService(service, onlyTask)),
      ShutdownDelay: nanoseconds(shutdownDelay),
      Update: update && renderUpdate(update),
      RestartPolicy: restart && renderRestart(restart),
      ReschedulePolicy: reschedule && renderReschedule(reschedule),
      Migrate: migrate && renderMigrate(migrate),
      EphemeralDisk: disk && renderDisk(disk),
      Volumes:
        volumes &&
        Object.fromEntries(Object.entries(volumes).map(([label, volume]) => [label, renderVolume(label, volume)])),
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

function renderDisk({ size, migrate, sticky, ...rest }: EphemeralDiskOptions): ApiEphemeralDisk {
  allRendered(rest);
  return defined({ SizeMB: size, Migrate: migrate, Sticky: sticky });
}

function renderVolume(label: string, volume: VolumeOptions): ApiVolume {
  const { type = "host", source, readOnly, accessMode, attachmentMode, perAlloc, ...rest } = volume;
  allRendered(rest);
  return defined({
    Name: label,
    Type: type,
    Source: source,
    ReadOnly: readOnly,
    AccessMode: accessMode,
    AttachmentMode: attachmentMode,
    PerAlloc: perAlloc,
  });
}
