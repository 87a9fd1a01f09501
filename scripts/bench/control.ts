import { candidatesOf, ControlCase, ControlPlane, ControlRun, TASKS, Task } from "./control-candidates";
import { stepOf } from "./control-steps";
import { withRulesAside } from "./director-rules";
import { Guest } from "./guest";
import { LabOptions, onLab } from "./bench-lab";
import { Progress } from "./progress";
import { inTurn } from "./turns";

export interface ControlOptions extends LabOptions {
  /** Numbers of real servers. */
  readonly servers: readonly number[];
  readonly planes: readonly ControlPlane[];
  /** Runs of each candidate for each number. */
  readonly runs: number;
  /** For which a director without changes is watched. */
  readonly seconds: number;
  /** Whether keepalived is left out, on a director that doesn't have it. */
  readonly withoutKeepalived?: true;
}

const MACHINE = "director";

/** On a director of its own, which is taken down again. */
export async function measureControl(options: ControlOptions, progress: Progress): Promise<ControlRun[]> {
  return onLab("control", options, progress, (lab) => measureOn(lab, MACHINE, options, progress));
}

/** On a director that is up. Its rules are aside meanwhile; at the end they are applied again. */
export async function measureOn(
  lab: string,
  machine: string,
  options: ControlOptions,
  progress: Progress,
): Promise<ControlRun[]> {
  const guest = await Guest.open(lab, machine);
  try {
    return await withRulesAside(guest, () => measureAll(guest, options, progress));
  } finally {
    await guest.close();
  }
}

async function measureAll(guest: Guest, options: ControlOptions, progress: Progress): Promise<ControlRun[]> {
  const measured: ControlRun[] = [];
  for (const what of orderOf(options)) {
    const { milliseconds, cpuMilliseconds } = await guest.measure(stepOf(what, options.seconds));
    measured.push({ ...what, milliseconds, cpuMilliseconds });
    progress.say(`run ${what.run} of ${options.runs}, ${describe(what)}: ${Math.round(milliseconds)} ms`);
  }
  return measured;
}

/** The candidates take turns, so that all have the same neighbours on the host. */
export function orderOf({ servers, planes, runs, withoutKeepalived }: ControlOptions): ControlCase[] {
  const tasks = Object.keys(TASKS) as Task[];
  return Array.from({ length: runs }, (_, index) => index + 1).flatMap((run) =>
    planes.flatMap((plane) =>
      servers.flatMap((size) =>
        tasks.flatMap((task) =>
          inTurn(candidatesOf(plane, task), run)
            .filter((candidate) => candidate !== "keepalived" || withoutKeepalived !== true)
            .map((candidate) => ({ plane, task, candidate, servers: size, run })),
        ),
      ),
    ),
  );
}

function describe({ plane, task, candidate, servers }: ControlCase): string {
  return `${plane}, ${servers} real servers, ${TASKS[task]}, ${candidate}`;
}
