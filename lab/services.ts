import execa from "execa";
import * as fs from "fs";
import { artefactFile, artefactNamed } from "./artefact-catalogue";
import type { ProgramFile } from "./added-programs";
import { prepareArtefact } from "./artefacts";
import { prepareContainers } from "./containers";
import type { LabDocument } from "./documents";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { namespaced } from "./namespace";
import { endRecorded, isAlive, readRecord, sleep, startRecorded } from "./processes";
import { pushContainers, registryCommand, REGISTRY_PORT } from "./registry";
import { type LabState, writeAtomically } from "./state";

/** Port on the router's addresses where guests find the artefacts. */
export const SOFTWARE_PORT = 3143;

const SOFTWARE = "software-server";
const REGISTRY = "registry";

/** What a lab serves beside packages. */
type Wanted = Pick<LabDocument, "software" | "registry">;

/** Programs that a lab serves, by their names at its address. */
export type Served = Readonly<Record<string, ProgramFile>>;

/** What {@link prepareServices} is going to need, as `NAME` or `NAME@VERSION`. */
export function neededArtefacts({ software, registry }: Wanted): string[] {
  return [...software, ...(registry ? ["crane"] : [])];
}

/** Fetches or builds what a lab is going to serve; nothing if it serves nothing. */
export async function prepareServices({ software, registry }: Wanted, progress: Progress): Promise<Served> {
  const served: Record<string, ProgramFile> = {};
  for (const each of software) served[artefactFile(artefactNamed(each))] = await prepareArtefact(each, progress);
  if (!registry) return served;
  await prepareArtefact("crane", progress);
  await prepareContainers(progress);
  return served;
}

/** Makes the services equal to what is wanted. Does what is missing only. */
export async function syncServices(state: LabState, wanted: Wanted, served: Served, progress: Progress): Promise<void> {
  if (wanted.software.length === 0) await endRecorded(state, SOFTWARE);
  else await ensureSoftwareServer(state, served, progress);
  if (!wanted.registry) await endRecorded(state, REGISTRY);
  else await ensureRegistry(state, progress);
}

/** Whether the lab's registry runs. */
export function registryRuns(state: LabState): boolean {
  return isAlive(readRecord(state, REGISTRY));
}

async function ensureSoftwareServer(state: LabState, served: Served, progress: Progress): Promise<void> {
  // Read by the server at each request: a program that is asked for later needs no restart.
  writeAtomically(state.file("software.json"), `${JSON.stringify(served, null, 2)}\n`);
  if (isAlive(readRecord(state, SOFTWARE))) return;
  const log = state.file("software-server.log");
  startRecorded(state, SOFTWARE, namespaced(state, [process.execPath, require.resolve("./software-server")]), {
    log,
    env: {
      PATH: process.env.PATH,
      LAB_SERVED: state.file("software.json"),
      LAB_SERVED_PORT: String(SOFTWARE_PORT),
    },
  });
  await untilListening(state, SOFTWARE_PORT, "the server of the vendors' software", log);
  progress.tell(null, "software", `serves ${Object.keys(served).join(", ")} on port ${SOFTWARE_PORT}`);
}

/** The registry forgets its manifests when it ends, so everything is pushed after each start; layers that it has are not sent again. */
async function ensureRegistry(state: LabState, progress: Progress): Promise<void> {
  if (registryRuns(state)) return;
  const log = state.file("registry.log");
  const { file: crane } = await prepareArtefact("crane", progress);
  fs.mkdirSync(state.file("registry"), { recursive: true });
  startRecorded(state, REGISTRY, namespaced(state, registryCommand(state, crane)), {
    log,
    env: { PATH: process.env.PATH },
  });
  try {
    await untilListening(state, REGISTRY_PORT, "the container registry", log);
    const names = await pushContainers(state, crane, await prepareContainers(progress));
    progress.tell(null, "software", `container registry on port ${REGISTRY_PORT}: ${names.join(", ")}`);
  } catch (error) {
    await endRecorded(state, REGISTRY); // the next start tries again, and pushes everything
    throw error;
  }
}

async function untilListening(state: LabState, port: number, what: string, log: string): Promise<void> {
  const [file = "", ...words] = namespaced(state, ["ss", "-Hltn", `sport = :${port}`]);
  for (let tries = 0; tries < 200; tries++) {
    const { stdout } = await execa(file, words, { reject: false });
    if (stdout.trim() !== "") return;
    await sleep(50);
  }
  throw new LabError(`${what} did not start`, `see ${log}`);
}
