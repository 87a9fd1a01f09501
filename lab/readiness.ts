import { consoleStep, LineFollower, plainLine } from "./console";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { guestConsole, guestRuns } from "./guest";
import { sleep } from "./processes";
import { runScript } from "./remote";
import { readIfThere, type LabState } from "./state";
import { userDataScript } from "./user-data-check";

/** How a machine's boot ended. */
export interface BootReport {
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
