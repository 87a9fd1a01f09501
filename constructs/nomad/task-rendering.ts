import { nanoseconds } from "./job-duration";
import { renderPlacement } from "./job-placement";
import { ApiTask, copied, defined, listed, overridden } from "./job-specification";
import { renderTemplate, templateOfFile } from "./job-template";
import { renderRestart } from "./job-update";
import { NamedService, renderService } from "./service-options";
import { renderDriver } from "./task-driver";
import { TaskOptions } from "./task-options";

/** @param publish labels of ports for a docker task that names none */
export function renderTask(
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
      ...renderDriver(task, publish, environmentOf(task)),
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

/** The names that a task's environment has, as far as its options tell: those of a template's lines as well. */
function environmentOf({ env = {}, templates = [] }: TaskOptions): Set<string> {
  const lines = templates.filter((template) => template.env === true).flatMap(({ data = "" }) => data.split("\n"));
  const names = lines.map((line) => /^\s*([A-Za-z_]\w*)=/.exec(line)?.[1] ?? "").filter((name) => name !== "");
  return new Set([...Object.keys(env), ...names]);
}
