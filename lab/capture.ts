import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { LabError } from "./errors";
import { shellQuote, sshArgs } from "./ssh";
import type { LabState } from "./state";

/** One machine's part of a capture. */
interface CapturePoint {
  readonly name: string;
  readonly filter: string;
}

/** How to capture. */
interface CaptureOptions {
  readonly seconds: number;
  readonly output: string;
  readonly interface: string;
}

/** "vm-1:port 80" is a machine with a filter of its own; a plain name takes the common one. */
export function parseCapturePoint(text: string, commonFilter: string): CapturePoint {
  const colon = text.indexOf(":");
  return colon < 0
    ? { name: text, filter: commonFilter }
    : { name: text.slice(0, colon), filter: text.slice(colon + 1).trim() || commonFilter };
}

/** The command that captures in a machine. Its own ssh is left out always: it would capture how the capture is sent. */
export function tcpdumpCommand(point: CapturePoint, options: { seconds: number; interface: string }): string {
  const filter = `${point.filter.trim() === "" ? "" : `(${point.filter}) and `}not (tcp port 22)`;
  const tcpdump = ["tcpdump", "-i", options.interface, "-U", "--immediate-mode", "-s", "0", "-w", "-", filter];
  // It ends by itself even if the process that started it is gone.
  return ["timeout", "-s", "INT", String(options.seconds), ...tcpdump].map(shellQuote).join(" ");
}

/** Captures on several machines at once. `started` is called when all of them listen; the files are complete at the end. */
export async function capture(
  state: LabState,
  points: CapturePoint[],
  options: CaptureOptions,
  started: () => void,
): Promise<string[]> {
  for (const { name } of points) state.machine(name);
  fs.mkdirSync(options.output, { recursive: true });
  const captures = points.map((point) => startCapture(state, point, options));
  const interrupt = (): void => {
    for (const { child } of captures) child.kill("SIGINT");
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    await Promise.all(captures.map((one) => one.listening));
    started();
    await Promise.all(captures.map((one) => one.child));
  } catch (error) {
    interrupt();
    throw error;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
  return Promise.all(captures.map((one) => writeText(state, one.point, one.file)));
}

interface RunningCapture {
  readonly point: CapturePoint;
  readonly file: string;
  readonly child: execa.ExecaChildProcess;
  readonly listening: Promise<void>;
}

function startCapture(state: LabState, point: CapturePoint, options: CaptureOptions): RunningCapture {
  const file = path.join(options.output, `${point.name}.pcap`);
  const child = execa("ssh", [...sshArgs(state, point.name), tcpdumpCommand(point, options)], {
    stdin: "ignore",
    reject: false,
    buffer: false,
    detached: true, // Ctrl-C must not end ssh before the last packets have come
  });
  child.stdout?.pipe(fs.createWriteStream(file));
  let said = "";
  const listening = new Promise<void>((resolve, reject) => {
    child.stderr?.on("data", (data: Buffer) => {
      said += data.toString();
      if (said.includes("listening on")) resolve();
    });
    void child.then(() => {
      reject(
        new LabError(
          `capturing on "${point.name}" failed: ${said.trim().split("\n").at(-1) ?? "no reason given"}`,
          "check the filter (man pcap-filter), and that the machine is on: vipstack-lab status",
        ),
      );
    });
  });
  return { point, file, child, listening };
}

/** Lets the machine's own tcpdump read the packets, so the host needs none. */
async function writeText(state: LabState, point: CapturePoint, file: string): Promise<string> {
  const read = "tcpdump -r - -nn -tttt 2>/dev/null";
  const { stdout } = await execa("ssh", [...sshArgs(state, point.name), read], {
    input: fs.createReadStream(file),
    reject: false,
  });
  const text = file.replace(/pcap$/, "txt");
  fs.writeFileSync(text, stdout === "" ? "" : `${stdout}\n`);
  return `${file} (${stdout === "" ? 0 : stdout.split("\n").length} lines in ${path.basename(text)})`;
}
