import { mkdirSync, readFileSync, rmSync, symlinkSync, existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import execa from "execa";
import { DEPLOYMENT_FILE, DeploymentDescription } from "../../constructs/deployment";
import { CONTROL_CANDIDATES, ControlCase, ControlPlane, ControlRun, TASKS, Task } from "./control-candidates";
import { Guest } from "./control-guest";
import { BEGIN, END, stepOf } from "./control-steps";
import { Progress } from "./progress";

export interface ControlOptions {
  /** Numbers of real servers. */
  readonly servers: readonly number[];
  readonly planes: readonly ControlPlane[];
  /** Runs of each candidate for each number. */
  readonly runs: number;
  /** For which a director without changes is watched. */
  readonly seconds: number;
  /** Whether the lab stays up, so that the next bench needs no new one. */
  readonly keep?: true;
}

const ROOT = resolve(__dirname, "..", "..");
const VIPSTACK = join(ROOT, "cli", "vipstack.js");
const MACHINE = "director";

/** Always the same folder: a lab that an earlier bench left is used again. */
const STATE = join(tmpdir(), "vipstack-bench-control");

/** On a director of its own, which is taken down again. */
export async function measureControl(options: ControlOptions, progress: Progress): Promise<ControlRun[]> {
  makeApp(STATE);
  // Ctrl-C ends the programs that were started; what is up is taken down all the same.
  const stop = (): void => {
    progress.say("interrupted");
  };
  process.on("SIGINT", stop);
  try {
    progress.say("the lab comes up");
    await vipstack("up");
    return await measureOn(labDirectory(), MACHINE, options, progress);
  } finally {
    if (options.keep !== true) {
      progress.say("the lab goes down");
      await vipstack("down");
      rmSync(STATE, { recursive: true, force: true });
    }
    process.off("SIGINT", stop);
  }
}

/** On a director that is up. Its rules are aside meanwhile; at the end they are applied again. */
export async function measureOn(
  lab: string,
  machine: string,
  options: ControlOptions,
  progress: Progress,
): Promise<ControlRun[]> {
  const guest = await Guest.open(lab, machine);
  const measured: ControlRun[] = [];
  await guest.measure(BEGIN);
  try {
    for (const what of orderOf(options)) {
      const sample = await guest.measure(stepOf(what, options.seconds));
      measured.push({ ...what, ...sample });
      progress.say(`run ${what.run} of ${options.runs}, ${describe(what)}: ${Math.round(sample.milliseconds)} ms`);
    }
  } catch (error) {
    // What went wrong first is what matters.
    await guest.measure(END).catch(() => undefined);
    throw error;
  }
  await guest.measure(END);
  await guest.close();
  return measured;
}

/** The candidates take turns, so that both have the same neighbours on the host. */
export function orderOf({ servers, planes, runs }: ControlOptions): ControlCase[] {
  const tasks = Object.keys(TASKS) as Task[];
  return Array.from({ length: runs }, (_, index) => index + 1).flatMap((run) =>
    planes.flatMap((plane) =>
      servers.flatMap((size) =>
        tasks.flatMap((task) =>
          CONTROL_CANDIDATES.map((candidate) => ({ plane, task, candidate, servers: size, run })),
        ),
      ),
    ),
  );
}

function describe({ plane, task, candidate, servers }: ControlCase): string {
  return `${plane}, ${servers} real servers, ${TASKS[task]}, ${candidate}`;
}

function makeApp(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const program = join(__dirname, "control-machines.js");
  writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ language: "typescript", app: `node "${program}"` }));
  const modules = join(folder, "node_modules");
  if (!existsSync(modules)) symlinkSync(join(ROOT, "..", "node_modules"), modules);
}

async function vipstack(verb: "up" | "down"): Promise<void> {
  // The table belongs to standard output, the rest does not.
  await execa("node", [VIPSTACK, verb], { cwd: STATE, env: { VIPSTACK_STATE: STATE }, stdout: 2, stderr: "inherit" });
}

function labDirectory(): string {
  const file = join(STATE, "cdktf.out", "stacks", "machines", DEPLOYMENT_FILE);
  const { access } = JSON.parse(readFileSync(file, "utf8")) as DeploymentDescription;
  return access.labDirectory ?? "";
}
