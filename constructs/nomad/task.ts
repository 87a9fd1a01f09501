import {
  allRendered,
  ApiArtifact,
  ApiLogs,
  ApiResources,
  ApiTask,
  ApiVolumeMount,
  copied,
  defined,
  listed,
  overridden,
} from "./api";
import { DriverOptions, driversOf, renderDriver } from "./driver";
import type { GroupOptions } from "./group";
import { nanoseconds } from "../private/duration";
import { PlacementOptions, renderPlacement, validatePlacement } from "./placement";
import { JobServiceOptions, NamedService, renderService } from "./service";
import { cureForLabel, JobValidation, listOf } from "./shape";
import { renderTemplate, TemplateOptions, templateOfFile, validateTemplate } from "./template";
import { renderRestart, RestartOptions, validateRestart } from "./update";

/**
 * Resources of its client that a task may use.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/resources
 */
export interface ResourcesOptions {
  /** CPU share in MHz. A task may use more while the client has spare time. @default 100 - Nomad's; none where `cores` is given */
  readonly cpu?: number;
  /** Number of cores reserved for this task, instead of `cpu`. @default - none */
  readonly cores?: number;
  /** Memory limit in MiB, at least 10. @default 300 - Nomad's */
  readonly memoryMiB?: number;
  /** Limit in MiB while the client has spare memory, where the cluster allows oversubscription. @default - `memoryMiB` */
  readonly memoryMaxMiB?: number;
}

/**
 * A file or archive that Nomad fetches for a task.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/artifact
 */
export interface ArtifactOptions {
  /** URL in the notation of go-getter. */
  readonly source: string;
  /** Path in the task's folder. @default "local/" - Nomad's */
  readonly destination?: string;
  /** Whether the source is a file or a folder. @default "any" - Nomad's */
  readonly mode?: "any" | "file" | "dir";
  /** Options of go-getter, for example `{ checksum: "sha256:…" }`. @default - none */
  readonly options?: Readonly<Record<string, string>>;
  /** Headers of the HTTP request. @default - none */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Time at which a task runs relative to the main tasks.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/lifecycle
 */
export interface LifecycleOptions {
  /** Before the main tasks, after their start, or after their end. */
  readonly hook: "prestart" | "poststart" | "poststop";
  /** Whether it keeps running beside the main tasks. @default false */
  readonly sidecar?: boolean;
}

/**
 * Mount of a volume of the group.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/volume_mount
 */
export interface VolumeMountOptions {
  /** Name of the volume in the group. */
  readonly volume: string;
  /** Path in the task. */
  readonly destination: string;
  /** Whether the task can only read it. @default false */
  readonly readOnly?: boolean;
  /** Propagation of mounts below it. @default "private" - Nomad's */
  readonly propagationMode?: string;
}

/**
 * Files for the output of a task.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/logs
 */
export interface LogsOptions {
  /** Number of files that are kept. @default 10 - Nomad's */
  readonly maxFiles?: number;
  /** Size of a file in MiB. @default 10 - Nomad's */
  readonly maxFileSizeMiB?: number;
  /** Whether no output is kept. @default false */
  readonly disabled?: boolean;
}

/** Properties of a task beside its driver and its placement. */
export interface TaskParts {
  /** Environment variables. @default - none */
  readonly env?: Readonly<Record<string, string>>;
  /** Files that Nomad renders for the task. @default - none */
  readonly templates?: readonly TemplateOptions[];
  /**
   * Files in the task's `local` folder: text by path, written byte for byte: `{ "index.html": "<h1>Hello</h1>" }`. For text with `{{ … }}`
   * use `templates`.
   *
   * @default - none
   */
  readonly files?: Readonly<Record<string, string>>;
  /** Files and archives that Nomad fetches for the task. @default - none */
  readonly artifacts?: readonly ArtifactOptions[];
  /** Processor and memory. @default - Nomad's: 100 MHz, 300 MiB */
  readonly resources?: ResourcesOptions;
  /** Mounts of the group's volumes. @default - none */
  readonly volumeMounts?: readonly VolumeMountOptions[];
  /** Time that the task has to end after {@link killSignal}, a Go duration, at most 30s on a client with default settings. @default "5s" - Nomad's */
  readonly killTimeout?: string;
  /** Signal that asks the task to end. @default - docker: the image's STOPSIGNAL, else SIGTERM; exec and raw_exec: SIGINT */
  readonly killSignal?: string;
  /** User that runs the task. @default - the image's, or the driver's */
  readonly user?: string;
  /** Files for the task's output. @default - Nomad's */
  readonly logs?: LogsOptions;
}

/**
 * One program of a group.
 *
 * @see https://developer.hashicorp.com/nomad/docs/job-specification/task
 */
export interface TaskOptions extends DriverOptions, TaskParts, Omit<PlacementOptions, "spreads"> {
  /** Time at which the task runs relative to the main tasks. @default - it is a main task */
  readonly lifecycle?: LifecycleOptions;
  /** Whether the group's other tasks end with it. @default false */
  readonly leader?: boolean;
  /** Services of this task alone. @default - none */
  readonly services?: readonly JobServiceOptions[];
  /** Metadata: `${NOMAD_META_name}` in the task. @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** Restarts of this task, in place of the group's. @default - the group's */
  readonly restart?: RestartOptions;
  /** Time between the deregistration of its services and the kill signal, a Go duration, added to the group's. @default "0s" - Nomad's */
  readonly shutdownDelay?: string;
  /** Changes the task in the form of Nomad's API; its result is sent. @default - no change */
  readonly override?: (task: ApiTask) => ApiTask;
}

/** @param publish labels of ports for a docker task that names none */
export function renderTask(
  name: string,
  task: Omit<TaskOptions, "services">,
  publish: readonly string[],
  services: readonly NamedService[],
): ApiTask {
  const { docker, exec, rawExec, driver, constraints, affinities, override, leader, lifecycle, meta, ...parts } = task;
  const { restart, shutdownDelay, env, templates, files: texts, artifacts, resources, ...more } = parts;
  const { volumeMounts, killTimeout, killSignal, user, logs, ...rest } = more;
  allRendered(rest);
  const files = Object.entries(texts ?? {}).map(([path, text]) => templateOfFile(path, text));
  return overridden(
    override,
    defined({
      Name: name,
      ...renderDriver({ docker, exec, rawExec, driver }, publish, environmentOf(task)),
      User: user,
      Leader: leader,
      Lifecycle: lifecycle && renderLifecycle(lifecycle),
      Meta: copied(meta),
      ...renderPlacement({ constraints, affinities }),
      Env: copied(env),
      Templates: listed([...(templates ?? []), ...files], renderTemplate),
      Artifacts: listed(artifacts, renderArtifact),
      VolumeMounts: listed(volumeMounts, renderMount),
      Resources: resources && renderResources(resources),
      Services: listed(services, (service) => renderService(service, name)),
      RestartPolicy: restart && renderRestart(restart),
      LogConfig: logs && renderLogs(logs),
      KillTimeout: nanoseconds(killTimeout),
      KillSignal: killSignal,
      ShutdownDelay: nanoseconds(shutdownDelay),
    }),
  );
}

/** The names that a task's environment has, as far as its options tell: those of a template's lines as well. */
function environmentOf({ env = {}, templates = [] }: Pick<TaskOptions, "env" | "templates">): Set<string> {
  const lines = templates.filter((template) => template.env === true).flatMap(({ data = "" }) => data.split("\n"));
  const names = lines.map((line) => /^\s*([A-Za-z_]\w*)=/.exec(line)?.[1] ?? "").filter((name) => name !== "");
  return new Set([...Object.keys(env), ...names]);
}

function renderLifecycle({ hook, sidecar, ...rest }: LifecycleOptions): ApiTask["Lifecycle"] {
  allRendered(rest);
  return defined({ Hook: hook, Sidecar: sidecar });
}

function renderArtifact({ source, destination, mode, options, headers, ...rest }: ArtifactOptions): ApiArtifact {
  allRendered(rest);
  return defined({
    GetterSource: source,
    RelativeDest: destination,
    GetterMode: mode,
    GetterOptions: copied(options),
    GetterHeaders: copied(headers),
  });
}

function renderMount({ volume, destination, readOnly, propagationMode, ...rest }: VolumeMountOptions): ApiVolumeMount {
  allRendered(rest);
  return defined({ Volume: volume, Destination: destination, ReadOnly: readOnly, PropagationMode: propagationMode });
}

function renderResources({ cpu, cores, memoryMiB, memoryMaxMiB, ...rest }: ResourcesOptions): ApiResources {
  allRendered(rest);
  return defined({ CPU: cpu, Cores: cores, MemoryMB: memoryMiB, MemoryMaxMB: memoryMaxMiB });
}

function renderLogs({ maxFiles, maxFileSizeMiB, disabled, ...rest }: LogsOptions): ApiLogs {
  allRendered(rest);
  return defined({ MaxFiles: maxFiles, MaxFileSizeMB: maxFileSizeMiB, Disabled: disabled });
}

/** @param group the one that the task belongs to */
export function validateTask(
  validation: JobValidation,
  group: { readonly name: string; readonly options: GroupOptions },
  name: string,
  task: TaskOptions,
): void {
  const at = validation.shape.task(group.name, name);
  const { ports = {}, volumes = {} } = group.options;
  const { templates = [], files = {}, artifacts = [], volumeMounts = [], resources = {} } = task;
  validatePlacement(validation, at, task);
  validateRestart(validation, at, task.restart);
  validation.duration(`${at}killTimeout`, task.killTimeout);
  validation.duration(`${at}shutdownDelay`, task.shutdownDelay);
  for (const [index, template] of templates.entries())
    validateTemplate(validation, `${at}templates[${index}]`, template);
  const drivers = driversOf(task);
  validation.require(drivers.length === 1, {
    property: `${at}docker`,
    rule: "must be given, or one of 'exec', 'rawExec', 'driver', and only one of them",
    got: drivers,
    cure: "say how the task is run: docker: { image: 'nginx:stable' }",
  });
  // Nomad keeps a folder of each task beside `alloc`.
  validation.require(name !== "alloc" && !/[/\\\0]/.test(name), {
    property: validation.shape.taskName(group.name, name),
    rule: "can't name a task 'alloc', or with slashes in it",
    got: name,
    cure: "choose another name for the task",
  });
  const labels = Object.keys(ports);
  for (const label of task.docker?.ports ?? [])
    validation.require(labels.includes(label), {
      property: `${at}docker.ports`,
      rule: `must be labels of the group's ports${listOf(labels)}`,
      got: label,
      cure: cureForLabel(labels),
    });
  validateResources(validation, `${at}resources`, resources);
  for (const { volume } of volumeMounts)
    validation.require(Object.keys(volumes).includes(volume), {
      property: `${at}volumeMounts`,
      rule: `must name volumes of the group${listOf(Object.keys(volumes))}`,
      got: volume,
      cure: "add it to 'volumes'",
    });
  for (const [index, { source }] of artifacts.entries())
    validation.require(source !== "", {
      property: `${at}artifacts[${index}].source`,
      rule: "can't be empty, which Nomad refuses",
      got: source,
      cure: "name a URL",
    });
  const destinations = [
    ...templates.map(({ destination }) => destination),
    ...Object.keys(files).map((path) => `local/${path}`),
  ];
  for (const twice of new Set(destinations.filter((each, index) => destinations.indexOf(each) !== index)))
    validation.require(false, {
      property: `${at}templates`,
      rule: "can't write one file twice",
      got: twice,
      cure: "give one of them another destination",
    });
  for (const path of Object.keys(files))
    validation.require(!/^$|^\/|\/$|(^|\/)\.\.(\/|$)/.test(path), {
      property: `${at}files`,
      rule: "must have paths below the task's local folder",
      got: path,
      cure: "for example 'index.html'",
    });
}

function validateResources(validation: JobValidation, at: string, resources: ResourcesOptions): void {
  const { cpu, cores, memoryMiB, memoryMaxMiB } = resources;
  for (const [name, value] of Object.entries({ cpu, cores, memoryMiB, memoryMaxMiB }))
    validation.require(value === undefined || (Number.isInteger(value) && value >= 1), {
      property: `${at}.${name}`,
      rule: "must be a whole number, 1 or more",
      got: value,
      cure: "cpu is MHz, memory is MiB",
    });
  validation.refuse(cpu !== undefined && cores !== undefined, `${at}.cpu`, "'cores'", cpu, "use one of them");
  validation.require(memoryMiB === undefined || memoryMiB >= 10, {
    property: `${at}.memoryMiB`,
    rule: "must be at least 10 MiB, Nomad's minimum",
    got: memoryMiB,
    cure: "64 is enough for a small server",
  });
  validation.require(memoryMaxMiB === undefined || memoryMaxMiB >= (memoryMiB ?? 300), {
    property: `${at}.memoryMaxMiB`,
    rule: "must be at least 'memoryMiB'",
    got: memoryMaxMiB,
    cure: "raise it, or lower 'memoryMiB'",
  });
}
