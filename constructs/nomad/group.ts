import {
  allRendered,
  ApiEphemeralDisk,
  ApiTaskGroup,
  ApiVolume,
  copied,
  defined,
  JobType,
  listed,
  overridden,
} from "./api";
import { nanoseconds } from "../private/duration";
import { PlacementOptions, renderPlacement, validatePlacement, validateSystemPlacement } from "./placement";
import { PortMappings, renderNetwork, validatePorts } from "./port";
import { JobServiceOptions, NamedService, renderService } from "./service";
import type { JobValidation } from "./shape";
import { renderTask, TaskOptions, validateTask } from "./task";
import {
  MigrateOptions,
  renderMigrate,
  renderReschedule,
  renderRestart,
  renderUpdate,
  RescheduleOptions,
  RestartOptions,
  UpdateOptions,
  validateMigrate,
  validateReschedule,
  validateRestart,
  validateUpdate,
} from "./update";

/**
 * A volume that tasks of a group can mount.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/volume
 */
export interface VolumeOptions {
  /** Kind of the volume. @default "host" */
  readonly type?: "host" | "csi";
  /** Name of a host volume on the client, or id of a CSI volume. */
  readonly source: string;
  /** Whether tasks can only read it. @default false */
  readonly readOnly?: boolean;
  /** Access mode of a CSI volume, for example `single-node-writer`. @default - none */
  readonly accessMode?: string;
  /** Attachment mode of a CSI volume: `file-system` or `block-device`. @default - none */
  readonly attachmentMode?: string;
  /** Whether each instance has its own volume: `source[0]`, `source[1]`, … @default false */
  readonly perAlloc?: boolean;
}

/**
 * Disk of a group for data that may get lost.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/ephemeral_disk
 */
export interface EphemeralDiskOptions {
  /** Size in MiB. @default 300 - Nomad's */
  readonly sizeMiB?: number;
  /** Whether the data is copied when the instance moves to another client. @default false */
  readonly migrate?: boolean;
  /** Whether a new version gets the client and the data of the old one. @default false */
  readonly sticky?: boolean;
}

/** Properties of a group beside its tasks. */
export interface GroupParts extends PlacementOptions {
  /** Number of instances, 0 or more. @default 1 */
  readonly count?: number;
  /** Port mappings by label: `{ www: { to: 8001 } }`. @default - none */
  readonly ports?: PortMappings;
  /** Network of the group's tasks. @default "host" - Nomad's */
  readonly networkMode?: "host" | "bridge" | "none" | (string & {});
  /** Volumes by the name with which tasks mount them. @default - none */
  readonly volumes?: Readonly<Record<string, VolumeOptions>>;
  /** Disk for data that may get lost. @default - Nomad's */
  readonly ephemeralDisk?: EphemeralDiskOptions;
  /** Restarts of a failed task on the same client. @default - Nomad's */
  readonly restart?: RestartOptions;
  /** Placement of a failed instance on another client. Not for system jobs. @default - Nomad's */
  readonly reschedule?: RescheduleOptions;
  /** Move away from a client that is drained. Service jobs only. @default - Nomad's */
  readonly migrate?: MigrateOptions;
  /** Replacement of instances by a new version. Service and system jobs. @default - the job's */
  readonly update?: UpdateOptions;
  /**
   * Time for which an instance continues to serve after it was taken out of the catalog, as a Go duration. Directors and gateways must
   * notice within that time; otherwise requests go to an instance that is gone.
   *
   * @default - none: the instance is killed at once
   */
  readonly shutdownDelay?: string;
}

/**
 * Tasks that run together on one client.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/group
 */
export interface GroupOptions extends GroupParts {
  /** Tasks by name. At least one. */
  readonly tasks: Readonly<Record<string, TaskOptions>>;
  /** Services of the group in the catalog. @default - none */
  readonly services?: readonly JobServiceOptions[];
  /** Metadata: `${NOMAD_META_name}` in tasks. @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** Changes the group in the form of Nomad's API; its result is sent. @default - no change */
  readonly override?: (group: ApiTaskGroup) => ApiTaskGroup;
}

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

function renderDisk({ sizeMiB, migrate, sticky, ...rest }: EphemeralDiskOptions): ApiEphemeralDisk {
  allRendered(rest);
  return defined({ SizeMB: sizeMiB, Migrate: migrate, Sticky: sticky });
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

/** Checks a group and its tasks; its services are checked with those of the job. */
export function validateGroup(validation: JobValidation, name: string, group: GroupOptions, type: JobType): void {
  const at = validation.shape.group(name);
  const { count, reschedule, migrate, update, tasks } = group;
  validatePlacement(validation, at, group);
  validatePorts(validation, `${at}ports`, group.ports ?? {});
  validation.duration(`${at}shutdownDelay`, group.shutdownDelay);
  validateRestart(validation, at, group.restart);
  validateReschedule(validation, at, reschedule);
  validateMigrate(validation, at, migrate);
  if (update) validateUpdate(validation, `${at}update`, update);
  validation.require(count === undefined || (Number.isInteger(count) && count >= 0), {
    property: `${at}count`,
    rule: "must be a whole number, 0 or more",
    got: count,
    cure: "give the number of instances",
  });
  validateType(validation, at, group, type);
  validation.require(Object.keys(tasks).length > 0, {
    property: `${at}tasks`,
    rule: "must name one",
    cure: "for example { server: { docker: { … } } }",
  });
  for (const [task, options] of Object.entries(tasks))
    validateTask(validation, { name, options: group }, task, options);
}

/** What has no meaning in a group of such a job. */
function validateType(validation: JobValidation, at: string, group: GroupOptions, type: JobType): void {
  const { count = 1, reschedule, migrate, update } = group;
  const word = `JobType.${type.toUpperCase()}`;
  if (type === JobType.SYSTEM || type === JobType.SYSBATCH) {
    const cure = "leave it out, or use JobType.SERVICE";
    validation.refuse(count > 1, `${at}count`, `${word}, which runs one on every client`, count, cure);
    const reason = `${word}, whose instances belong to their clients`;
    validation.refuse(reschedule !== undefined, `${at}reschedule`, reason, undefined);
  }
  if (type !== JobType.SERVICE)
    validation.refuse(migrate !== undefined, `${at}migrate`, `${word}, whose instances do not move`, undefined);
  if (type === JobType.BATCH || type === JobType.SYSBATCH)
    validation.refuse(update !== undefined, `${at}update`, `${word}, which is not replaced while it runs`, undefined);
  if (type !== JobType.SYSTEM) return;
  const rule = "a group: Nomad reads a system job's own";
  const stagger = update?.stagger;
  validation.refuse(stagger !== undefined, `${at}update.stagger`, rule, stagger, "move it to the job's 'update'");
  validateSystemPlacement(validation, at, group);
}
