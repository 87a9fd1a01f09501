import { LabOptions, onLab } from "./bench-lab";
import { CHANGE_CANDIDATES, ChangeCandidate, ChangeCase, ChangeRun } from "./changes-candidates";
import { changesStep, loadOf } from "./changes-steps";
import { Client } from "./client";
import { changedServer } from "./control-rules";
import { withRulesAside } from "./director-rules";
import { Guest } from "./guest";
import { Progress } from "./progress";
import { inTurn } from "./turns";

export interface ChangesOptions extends LabOptions {
  readonly candidates: readonly ChangeCandidate[];
  /** Numbers of real servers. */
  readonly servers: readonly number[];
  /** Runs of each candidate for each number. */
  readonly runs: number;
  /** Changes in each run, an even number. */
  readonly changes: number;
}

/** New connections all the time, beside some that are open before the first change. */
const LOAD = { port: 80, path: "/small", interval: 0.025, kept: 16, patience: 15, pages: false } as const;

/** On machines of its own, which are taken down again. */
export async function measureChanges(options: ChangesOptions, progress: Progress): Promise<ChangeRun[]> {
  return onLab("changes", options, progress, async (lab) => {
    const director = await Guest.open(lab, "director");
    const client = await Client.open(lab);
    try {
      return await withRulesAside(director, () => measureAll({ director, client }, options, progress));
    } finally {
      await client.close();
      await director.close();
    }
  });
}

interface Scene {
  readonly director: Guest;
  readonly client: Client;
}

async function measureAll(scene: Scene, options: ChangesOptions, progress: Progress): Promise<ChangeRun[]> {
  const measured: ChangeRun[] = [];
  for (const what of changesOrder(options)) {
    const run = await measureCase(scene, what);
    measured.push(run);
    progress.say(`run ${what.run} of ${options.runs}, ${describe(run)}`);
  }
  return measured;
}

/** The candidates take turns, so that all have the same neighbours on the host. */
export function changesOrder({ candidates, servers, runs, changes }: ChangesOptions): ChangeCase[] {
  return Array.from({ length: runs }, (_, index) => index + 1).flatMap((run) =>
    servers.flatMap((size) => inTurn(candidates, run).map((candidate) => ({ candidate, servers: size, changes, run }))),
  );
}

/** The client asks the service with the real server that is changed. */
async function measureCase({ director, client }: Scene, what: ChangeCase): Promise<ChangeRun> {
  const { milliseconds, cpuMilliseconds } = await director.measure(changesStep(what), {
    begin: () => client.start({ address: changedServer(what.servers).virtualAddress, ...LOAD }),
  });
  return { ...what, milliseconds, cpuMilliseconds, ...loadOf(await client.stop()) };
}

function describe({ candidate, servers, changes, milliseconds, opened, refused, asked, broken }: ChangeRun): string {
  const lost = `${refused} of ${opened} connections and ${broken} of ${asked} requests on open ones lost`;
  return `${servers} real servers, ${CHANGE_CANDIDATES[candidate].title}: ${Math.round(milliseconds / changes)} ms a change, ${lost}`;
}
