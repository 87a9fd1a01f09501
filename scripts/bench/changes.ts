import { LabOptions, onLab } from "./bench-lab";
import { CHANGE_CANDIDATES, ChangeCandidate, ChangeCase, ChangeLoad, ChangeRun } from "./changes-candidates";
import { changesStep } from "./changes-steps";
import { changedServer } from "./control-rules";
import { BEGIN, END } from "./control-steps";
import { Guest } from "./guest";
import { GuestProgram } from "./guest-program";
import { Progress } from "./progress";

export interface ChangesOptions extends LabOptions {
  readonly candidates: readonly ChangeCandidate[];
  /** Numbers of real servers. */
  readonly servers: readonly number[];
  /** Runs of each candidate for each number. */
  readonly runs: number;
  /** Changes in each run, an even number. */
  readonly changes: number;
}

/** On machines of its own, which are taken down again. */
export async function measureChanges(options: ChangesOptions, progress: Progress): Promise<ChangeRun[]> {
  return onLab("changes", options, progress, async (lab) => {
    const director = await Guest.open(lab, "director");
    const client = await GuestProgram.start(lab, "client", "connections.py");
    try {
      const measured: ChangeRun[] = [];
      await director.measure(BEGIN);
      for (const what of changesOrder(options)) {
        const run = await measureCase(director, client, what);
        measured.push(run);
        progress.say(`run ${what.run} of ${options.runs}, ${describe(run)}`);
      }
      await director.measure(END);
      return measured;
    } finally {
      await client.close();
      await director.close();
    }
  });
}

/** The candidates take turns, so that all have the same neighbours on the host. */
export function changesOrder({ candidates, servers, runs, changes }: ChangesOptions): ChangeCase[] {
  return Array.from({ length: runs }, (_, index) => index + 1).flatMap((run) =>
    servers.flatMap((size) => candidates.map((candidate) => ({ candidate, servers: size, changes, run }))),
  );
}

/** The client asks the service with the real server that is changed. */
async function measureCase(director: Guest, client: GuestProgram, what: ChangeCase): Promise<ChangeRun> {
  const { milliseconds, cpuMilliseconds } = await director.measure(changesStep(what), undefined, () => {
    client.tell(`start ${changedServer(what.servers).virtualAddress}`);
  });
  const load = JSON.parse(await client.ask("stop")) as ChangeLoad;
  return { ...what, milliseconds, cpuMilliseconds, ...load };
}

function describe({ candidate, servers, changes, milliseconds, opened, refused, asked, broken }: ChangeRun): string {
  const lost = `${refused} of ${opened} connections and ${broken} of ${asked} requests on open ones lost`;
  return `${servers} real servers, ${CHANGE_CANDIDATES[candidate].title}: ${Math.round(milliseconds / changes)} ms a change, ${lost}`;
}
