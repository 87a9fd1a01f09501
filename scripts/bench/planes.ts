import { LabOptions, onLab } from "./bench-lab";
import { Guest } from "./guest";
import { GuestProcess } from "./guest-process";
import { Load, LOADS, PLANE_CANDIDATES, PlaneCandidate, PlaneCase, PlaneRun } from "./planes-candidates";
import { planeStep, readAnswers } from "./planes-steps";
import { Progress } from "./progress";
import { inTurn } from "./turns";

export interface PlanesOptions extends LabOptions {
  readonly candidates: readonly PlaneCandidate[];
  /** Runs of each candidate with each load. */
  readonly runs: number;
  /** For which the client asks in each run. */
  readonly seconds: number;
}

/** On machines of its own, which are taken down again. */
export async function measurePlanes(options: PlanesOptions, progress: Progress): Promise<PlaneRun[]> {
  return onLab("planes", options, progress, async (lab) => {
    const client = await Guest.open(lab, "client");
    try {
      const measured: PlaneRun[] = [];
      for (const what of planesOrder(options)) {
        const run = await measurePlane(client, lab, what, options.seconds);
        measured.push(run);
        progress.say(`run ${what.run} of ${options.runs}, ${describe(run)}`);
      }
      return measured;
    } finally {
      await client.close();
    }
  });
}

/** The candidates take turns, so that all have the same neighbours on the host. */
export function planesOrder({ candidates, runs }: PlanesOptions): PlaneCase[] {
  const loads = Object.keys(LOADS) as Load[];
  return Array.from({ length: runs }, (_, index) => index + 1).flatMap((run) =>
    loads.flatMap((load) => inTurn(candidates, run).map((candidate) => ({ candidate, load, run }))),
  );
}

async function measurePlane(client: Guest, lab: string, what: PlaneCase, seconds: number): Promise<PlaneRun> {
  const { machine } = PLANE_CANDIDATES[what.candidate];
  const step = planeStep(what, seconds);
  if (machine === undefined) return { ...what, ...readAnswers(what, (await client.measure(step)).output) };
  const { output, cpuMilliseconds } = await client.measure(step, { process: GuestProcess.of(lab, machine) });
  return { ...what, ...readAnswers(what, output), cpuMilliseconds };
}

function describe({ load, candidate, requests, seconds }: PlaneRun): string {
  return `${LOADS[load].title}, ${PLANE_CANDIDATES[candidate].title}: ${Math.round(requests / seconds)} a second`;
}
