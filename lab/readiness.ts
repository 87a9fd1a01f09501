import { createHash } from "crypto";
import * as fs from "fs";
import { setTimeout as sleep } from "timers/promises";
import { LabError } from "./errors";
import type { Progress, Stage } from "./events";
import { readIfThere } from "./files";
import { guestConsole, guestRuns } from "./guest";
import { runScript } from "./ssh";
import type { LabState } from "./state";

/** How a machine's boot ended. */
interface BootReport {
  /** cloud-init's stages that had errors, with the errors. */
  readonly stages: { readonly name: string; readonly errors: string[] }[];
  readonly failedUnits: string[];
  /** Why cloud-init did not take the user-data that the machine was given. Empty where it did, and where it was not asked. */
  readonly userData: string;
}

const REPORT_SCRIPT = `systemctl is-system-running --wait >/dev/null 2>&1
cat /run/cloud-init/status.json
echo
echo ---
systemctl list-units --failed --plain --no-legend --no-pager
echo
echo ---
`;

const CONSOLE = "-- console:";

/** How long after cloud-init's end ssh may refuse, and how long services may take to start. */
const ANSWER_MS = 30_000;
const UNITS_MS = 180_000;

/** Waits until a machine that was just started is ready, telling each stage; otherwise an error with the machine's own last words. */
export async function waitUntilReady(
  state: LabState,
  name: string,
  options: { progress: Progress; consoleOffset: number; timeoutMs: number; userData?: string },
): Promise<void> {
  const { progress } = options;
  const deadline = Date.now() + options.timeoutMs;
  const lines = new LineFollower(guestConsole(state, name), options.consoleOffset);
  let stage = "start";
  for (;;) {
    const steps = lines.next().flatMap((line) => consoleStep(line) ?? []);
    for (const step of steps) progress.tell(name, step.stage, step.detail, step.percent);
    if (steps.some((step) => step.finished)) break;
    stage = steps.at(-1)?.detail ?? stage;
    if (!guestRuns(state, name)) {
      throw failure(state, name, `stopped by itself (after: ${stage})`, consoleTail(state, name));
    }
    if (Date.now() > deadline) {
      const seconds = Math.round(options.timeoutMs / 1000);
      throw failure(state, name, `not ready after ${seconds} s (still at: ${stage})`, consoleTail(state, name));
    }
    await sleep(200);
  }
  const report = await readReport(state, name, options.userData);
  if (report.userData !== "" || report.stages.length > 0 || report.failedUnits.length > 0) {
    throw failure(state, name, describe(report), await lastWords(state, name, report));
  }
  progress.tell(name, "ready", "ready", 100);
}

/** Reads the answer of the report script. */
export function parseReport(text: string): BootReport {
  const [json = "", units = "", ...userData] = text.split(/\n---(?:\n|$)/);
  const status = JSON.parse(json) as { v1: Record<string, { errors?: unknown[] } | string | null> };
  const stages = Object.entries(status.v1).flatMap(([name, value]) => {
    const errors =
      typeof value === "object" && value !== null ? (value.errors ?? []).map((error) => readable(String(error))) : [];
    return errors.length > 0 ? [{ name, errors }] : [];
  });
  const failedUnits = units.split("\n").flatMap((line) => /^\s*(\S+\.\w+)\s/.exec(line)?.[1] ?? []);
  return { stages, failedUnits, userData: userData.join("\n---\n").trim() };
}

/** cloud-init writes errors as Python values: ('scripts-user', RuntimeError('text')). */
function readable(error: string): string {
  const match = /^\('([^']+)', \w+\((['"])(.*)\2\)\)$/.exec(error);
  return match ? `${match[1] ?? ""}: ${match[3] ?? ""}` : error;
}

/** The failing stage and units in words. */
export function describe(report: BootReport): string {
  const stages = report.stages.map((stage) => `cloud-init stage ${stage.name} failed: ${stage.errors.join("; ")}`);
  // cloud-init's own unit fails because its stage did; that is reported already.
  const units = report.failedUnits.filter(
    (unit) => report.stages.length === 0 || !/^cloud-(init|config|final)/.test(unit),
  );
  const ignored = report.userData === "" ? [] : [`cloud-init did not apply the user-data: ${report.userData}`];
  return [...ignored, ...stages, ...units.map((unit) => `unit ${unit} failed`)].join("; ");
}

/** Asks the machine itself, which also shows that ssh works. Units may take their time after cloud-init; ssh may not. */
async function readReport(state: LabState, name: string, userData?: string): Promise<BootReport> {
  const script = userData === undefined ? REPORT_SCRIPT : REPORT_SCRIPT + userDataScript(userData);
  for (const deadline = Date.now() + ANSWER_MS; ;) {
    const result = await runScript(state, name, script, UNITS_MS);
    if (result.exitCode === 0) return parseReport(result.stdout);
    if (Date.now() > deadline || !guestRuns(state, name)) {
      const why = result.stderr.trim() || "no answer";
      throw failure(state, name, `cloud-init is done, but ssh does not work: ${why}`, consoleTail(state, name));
    }
    await sleep(500);
  }
}

async function lastWords(state: LabState, name: string, report: BootReport): Promise<string[]> {
  const units = report.failedUnits.filter((unit) => !/^cloud-(init|config|final)/.test(unit));
  const journals = units.map((unit) => `echo "-- ${unit}:"; journalctl -q --no-pager -o cat -n 12 -u '${unit}'`);
  const output =
    report.stages.length > 0 || report.userData !== ""
      ? [
          'echo "-- cloud-init:"; grep -v -e "^ci-info:" -e "Running module" /var/log/cloud-init-output.log | tail -n 15',
        ]
      : [];
  const { stdout } = await runScript(state, name, [...journals, ...output].join("\n"));
  return stdout
    .split("\n")
    .map(plainLine)
    .filter((line) => line.trim() !== "");
}

function consoleTail(state: LabState, name: string): string[] {
  const lines = (readIfThere(guestConsole(state, name)) ?? "").split("\n").map(plainLine);
  return [CONSOLE, ...lines.filter((line) => line.trim() !== "" && !/\*.*running \(/.test(line)).slice(-15)];
}

function failure(state: LabState, name: string, what: string, lines: string[]): LabError {
  // A machine that ssh does not reach has its console only.
  const option = lines[0] === CONSOLE ? " --console" : "";
  const text = [`machine "${name}": ${what}`, ...lines.map((line) => `    ${line}`)].join("\n");
  return new LabError(text, `look closer: vipstack-lab logs ${name}${option} --dir ${state.dir}`);
}

/** The progress of a machine by a line of its console. */
interface ConsoleStep {
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
class LineFollower {
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

/**
 * Shell text that prints why a machine's cloud-init did not take the user-data that it was given, and nothing where it did.
 * cloud-init counts a document that it can't read as done: so what it has made of the document is looked for, not an error.
 */
function userDataScript(userData: string): string {
  const sum = createHash("sha256").update(userData).digest("hex");
  return `python3 - ${sum} <<'PROGRAM' 2>&1 || true\n${PROGRAM}PROGRAM\n`;
}

const PROGRAM = `import hashlib, re, sys, yaml

def read(name):
    try:
        with open("/var/lib/cloud/instance/" + name, "rb") as file:
            return file.read()
    except OSError:
        return b""

def mapping(text):
    try:
        return yaml.safe_load(text.decode()) or {}
    except (ValueError, yaml.YAMLError) as problem:
        sys.exit(f"it can't be read: {problem}")

given = read("user-data.txt")
if hashlib.sha256(given).hexdigest() != sys.argv[1]:
    sys.exit("it has none, or another than the machine was given")
if re.match(rb"\\s*#cloud-config(?!-)", given):
    wanted, taken = mapping(given), mapping(read("cloud-config.txt"))
    if not isinstance(wanted, dict):
        sys.exit(f"it must be a mapping, not {type(wanted).__name__}")
    lost = [key for key in wanted if key not in ("merge_how", "merge_type") and wanted[key] != taken.get(key)]
    if lost:
        sys.exit(f"these parts were not taken: {', '.join(map(str, lost))}")
elif given.strip() != b"":
    # Scripts, archives and the like are taken apart; of what can't be, the log tells.
    with open("/var/log/cloud-init.log", errors="replace") as log:
        problems = [line.strip() for line in log if re.search(r"WARNING.*(Unhandled|[Ff]ailed)", line)]
    if problems:
        sys.exit("; ".join(problems))
`;
