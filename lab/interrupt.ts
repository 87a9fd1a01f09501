import { LabError } from "./errors";
import type { Progress } from "./events";

/**
 * Runs `work`; on Ctrl-C or a termination request aborts it by the signal, waits until it has cleaned up, and ends with an
 * error that names what was interrupted.
 */
export async function abortable<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const interrupted = (): void => {
    abort.abort();
  };
  // "on", not "once": a library that ends children on signals ends this program as well when it finds no other listener.
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  try {
    return await work(abort.signal);
  } catch (error) {
    if (abort.signal.aborted) throw new LabError(`interrupted while ${what}`, "run the same command again");
    throw error;
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  }
}

/** For a wait of unknown length: reports at once and every ten seconds what is waited for, until the returned function is called. */
export function tellWaiting(progress: Progress, what: string): () => void {
  const started = Date.now();
  progress.tell(null, "software", `${what}; waiting for it`);
  const timer = setInterval(() => {
    progress.tell(null, "software", `${what}; waiting for it (${Math.round((Date.now() - started) / 1000)} s)`);
  }, 10_000);
  return () => {
    clearInterval(timer);
  };
}
