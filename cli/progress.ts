import {
  Listr,
  LISTR_LOGGER_STDERR_LEVELS,
  ListrLogger,
  ListrLogLevels,
  ListrTask,
  ListrTaskEventType,
  ListrTaskObject,
  ListrTaskState,
  PRESET_TIMER,
} from "listr2";

/**
 * Runs tasks and shows them: a living list on a terminal, plain lines with times elsewhere. Of a task that fails its title is
 * shown; the error itself goes to the caller, to be printed once and last.
 */
export async function runTasks(tasks: ListrTask[]): Promise<void> {
  const log = new Log({ useIcons: false, toStderr: LISTR_LOGGER_STDERR_LEVELS });
  const listr = new Listr<object, "default", "verbose">(tasks, {
    // Ctrl-C is handled where Terraform runs: it has to clean up before it ends.
    registerSignalListeners: false,
    rendererOptions: { collapseSubtasks: false, showErrorMessage: false, timer: PRESET_TIMER },
    fallbackRenderer: "verbose",
    fallbackRendererOptions: { timer: PRESET_TIMER, logger: log },
  });
  if (!process.stdout.isTTY) log.tellFailures(listr.tasks);
  await listr.run();
}

/** The plain lines: listr's own would tell an error once for each task around it, and no title. */
class Log extends ListrLogger<ListrLogLevels> {
  override log(...[level, ...message]: Parameters<ListrLogger<ListrLogLevels>["log"]>): void {
    if (level !== ListrLogLevels.FAILED) super.log(level, ...message);
  }

  tellFailures(tasks: readonly ListrTaskObject<object, never>[]): void {
    for (const task of tasks) {
      task.on(ListrTaskEventType.STATE, (state) => {
        if (state === ListrTaskState.FAILED && task.hasTitle()) super.log(ListrLogLevels.FAILED, task.title ?? "");
      });
      task.on(ListrTaskEventType.SUBTASK, (subtasks) => {
        this.tellFailures(subtasks as ListrTaskObject<object, never>[]);
      });
    }
  }
}
