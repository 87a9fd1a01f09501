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
  if (process.stdout.isTTY) showElapsed(listr.tasks);
  else log.tellFailures(listr.tasks);
  await listr.run();
}

/** From then on a task that runs shows for how long; listr says it of those that have ended only. */
const ELAPSED_FROM_SECONDS = 2;
const ELAPSED = / \[(?:\d+m)?\d+s\]$/;

/** Keeps the elapsed time at the end of the titles of tasks that run. The list is drawn again all the time, so it shows. */
export function showElapsed(tasks: readonly ListrTaskObject<object, never>[]): void {
  for (const task of tasks) {
    let timer: NodeJS.Timeout | undefined;
    const plain = (): string => (task.title ?? "").replace(ELAPSED, "");
    task.on(ListrTaskEventType.STATE, (state) => {
      clearInterval(timer);
      if (!task.hasTitle()) return;
      if (state !== ListrTaskState.STARTED) {
        task.title = plain();
        return;
      }
      const started = Date.now();
      timer = setInterval(() => {
        const seconds = Math.floor((Date.now() - started) / 1000);
        if (seconds >= ELAPSED_FROM_SECONDS) task.title = `${plain()} [${clock(seconds)}]`;
      }, 500);
    });
    task.on(ListrTaskEventType.SUBTASK, (subtasks) => {
      showElapsed(subtasks as ListrTaskObject<object, never>[]);
    });
  }
}

/** As listr writes it: `12s`, `2m29s`. */
function clock(seconds: number): string {
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
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
