import * as fs from "fs";
import { LabError } from "./errors";
import type { LabState } from "./state";

/** How far a machine, or the lab itself, has come. */
export type Stage =
  | "host"
  | "image"
  | "software"
  | "network"
  | "kernel"
  | "cloud-init"
  | "packages"
  | "services"
  | "ready"
  | "failed"
  | "removed"
  | "fault"
  | "stopped";

/** One line of `events.ndjson`. */
export interface LabEvent {
  readonly time: string;
  readonly machine: string | null;
  readonly stage: Stage;
  readonly detail: string;
  readonly percent?: number;
}

/** Reports progress: to the user on stderr, to programs by `events.ndjson`. */
export class Progress {
  private last = "";

  constructor(
    private readonly state: LabState | undefined,
    private readonly quiet = false,
  ) {}

  /** Appends one event; the same event twice in a row is written once. */
  tell(machine: string | null, stage: Stage, detail: string, percent?: number): void {
    const key = `${machine ?? ""}/${stage}/${detail}`;
    if (key === this.last) return;
    this.last = key;
    const event: LabEvent = {
      time: new Date().toISOString(),
      machine,
      stage,
      detail,
      ...(percent === undefined ? {} : { percent }),
    };
    if (!this.quiet) process.stderr.write(`${formatEvent(event)}\n`);
    if (this.state && fs.existsSync(this.state.dir)) {
      // One write of one line: machines are created in parallel, and appends of this size don't mix.
      fs.appendFileSync(this.state.file("events.ndjson"), JSON.stringify(event) + "\n");
    }
  }
}

/** An event as a line for the user; the rest of a failure's text comes as the command's own error. */
export function formatEvent(event: LabEvent): string {
  const [detail = ""] = event.detail.split("\n");
  return `${event.time.slice(11, 19)} ${event.machine ?? "lab"}: ${event.stage === "failed" ? "FAILED: " : ""}${detail}`;
}

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
