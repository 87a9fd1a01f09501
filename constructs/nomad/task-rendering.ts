import { nanoseconds } from "./job-duration";
import { renderPlacement } from "./job-placement";
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
} from "./job-specification";
import { renderTemplate, templateOfFile } from "./job-template";
import { renderRestart } from "./job-update";
import { NamedService, renderService } from "./service-options";
import { renderDriver } from "./task-driver";
import {
  ArtifactOptions,
  LifecycleOptions,
  LogsOptions,
  ResourcesOptions,
  TaskOptions,
  VolumeMountOptions,
} from "./task-options";

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

function renderResources({ cpu, cores, memory, memoryMax, ...rest }: ResourcesOptions): ApiResources {
  allRendered(rest);
  return defined({ CPU: cpu, Cores: cores, MemoryMB: memory, MemoryMaxMB: memoryMax });
}

function renderLogs({ maxFiles, maxFileSize, disabled, ...rest }: LogsOptions): ApiLogs {
  allRendered(rest);
  return defined({ MaxFiles: maxFiles, MaxFileSizeMB: maxFileSize, Disabled: disabled });
}
