import { existsSync, openSync, readSync, closeSync, fstatSync } from "node:fs";
import { join } from "node:path";

/** A line of the lab's `events.ndjson`. */
export interface LabEvent {
  readonly time: string;
  /** Left out or null where the event is about the lab itself. */
  readonly machine?: string | null;
  readonly stage: string;
  readonly detail?: string;
}

/** Passes on each new event of a lab's folder as it is written; call the returned function to stop. */
export function followEvents(labDirectory: string, since: Date, onEvent: (event: LabEvent) => void): () => void {
  const file = join(labDirectory, "events.ndjson");
  let offset = 0;
  let rest = "";
  const read = (): void => {
    if (!existsSync(file)) return;
    const [text, end] = readFrom(file, offset);
    offset = end;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = JSON.parse(line) as LabEvent;
      if (new Date(event.time) >= since) onEvent(event);
    }
  };
  const timer = setInterval(read, 250);
  return () => {
    clearInterval(timer);
    read();
  };
}

/** What was appended since `offset`; from the start where the file is a new one. */
function readFrom(file: string, offset: number): [text: string, end: number] {
  const handle = openSync(file, "r");
  try {
    const { size } = fstatSync(handle);
    const from = size < offset ? 0 : offset;
    const buffer = Buffer.alloc(size - from);
    readSync(handle, buffer, 0, buffer.length, from);
    return [buffer.toString("utf8"), size];
  } finally {
    closeSync(handle);
  }
}
