import * as fs from "fs";
import type { Stage } from "./events";

/** The progress of a machine by a line of its console. */
export interface ConsoleStep {
  readonly stage: Stage;
  readonly detail: string;
  readonly percent: number;
  /** cloud-init has come to its end. */
  readonly finished?: boolean;
}

const CLOUD_INIT: Record<string, [string, number]> = {
  "init-local": ["cloud-init: reading the seed, setting up the network", 15],
  init: ["cloud-init: files, users, keys", 30],
  "modules:config": ["cloud-init: configuration", 50],
  "modules:final": ["cloud-init: packages and commands", 60],
};

const PATTERNS: [RegExp, (match: RegExpExecArray) => ConsoleStep][] = [
  [/^Linux version (\S+)/, (match) => ({ stage: "kernel", detail: `Linux ${match[1] ?? ""} started`, percent: 2 })],
  [
    /systemd\[1\]: Detected architecture|^Welcome to /,
    () => ({ stage: "kernel", detail: "systemd started", percent: 8 }),
  ],
  [
    /Cloud-init v\. \S+ running '([^']+)'/,
    (match) => {
      const [detail, percent] = CLOUD_INIT[match[1] ?? ""] ?? [`cloud-init: ${match[1] ?? ""}`, 60];
      return { stage: "cloud-init", detail, percent };
    },
  ],
  [/^(Hit|Get):\d+ /, () => ({ stage: "packages", detail: "reading package lists", percent: 65 })],
  [/^Unpacking (\S+)/, (match) => ({ stage: "packages", detail: `unpacking ${match[1] ?? ""}`, percent: 72 })],
  [/^Setting up (\S+)/, (match) => ({ stage: "packages", detail: `installing ${match[1] ?? ""}`, percent: 76 })],
  [
    /Cloud-init v\. \S+ finished at/,
    () => ({ stage: "services", detail: "cloud-init is done, waiting for services", percent: 90, finished: true }),
  ],
];

/** Reads one console line. */
export function consoleStep(line: string): ConsoleStep | undefined {
  // Lines come with a kernel time stamp, or with cloud-init's name when printed by the journal.
  const text = plainLine(line)
    .replace(/^\[\s*\d+\.\d+\]\s*/, "")
    .replace(/^cloud-init\[\d+\]:\s*/, "");
  for (const [pattern, step] of PATTERNS) {
    const match = pattern.exec(text);
    if (match) return step(match);
  }
  return undefined;
}

/** A console line without colours and carriage returns. */
export function plainLine(line: string): string {
  // eslint-disable-next-line no-control-regex -- terminal escape sequences are what is looked for
  return line.replace(/\u001b\[[0-9;?]*[a-zA-Z]/g, "").replace(/\r/g, "");
}

/** Returns the lines that were added to a file since the last time. */
export class LineFollower {
  private rest = "";

  constructor(
    private readonly file: string,
    private offset = 0,
  ) {}

  next(): string[] {
    if (!fs.existsSync(this.file)) return []; // the machine is being removed
    const descriptor = fs.openSync(this.file, "r");
    try {
      const buffer = Buffer.alloc(Math.max(0, fs.fstatSync(descriptor).size - this.offset));
      const read = fs.readSync(descriptor, buffer, 0, buffer.length, this.offset);
      this.offset += read;
      const lines = (this.rest + buffer.toString("utf8", 0, read)).split("\n");
      this.rest = lines.pop() ?? "";
      return lines;
    } finally {
      fs.closeSync(descriptor);
    }
  }
}
