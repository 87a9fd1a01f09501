import execa from "execa";
import * as fs from "fs";
import type { LabDocument } from "../documents";
import { LabError } from "../errors";
import type { Progress } from "../events";
import { writeAtomically } from "../files";
import { namespaced } from "../network";
import { endRecorded, isAlive, readRecord, startRecorded, until } from "../processes";
import type { LabState } from "../state";
import { artefactFile, artefactNamed } from "./catalogue";
import { type Container, prepareContainers, shortName } from "./images";
import type { ProgramFile } from "./program-files";
import { prepareArtefact } from "./programs";

/** Port on the router's addresses where guests find the artefacts. */
export const SOFTWARE_PORT = 3143;

const SOFTWARE = "software-server";
const REGISTRY = "registry";

/** What a lab serves beside packages. */
type Wanted = Pick<LabDocument, "software" | "registry">;

/** Programs that a lab serves, by their names at its address. */
type Served = Readonly<Record<string, ProgramFile>>;

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
  const listens = async (): Promise<boolean> => (await execa(file, words, { reject: false })).stdout.trim() !== "";
  if (!(await until(listens, 50, 10_000))) throw new LabError(`${what} did not start`, `see ${log}`);
}

/** Port on the router's addresses where guests find the container registry; plain http. */
export const REGISTRY_PORT = 5000;

/** The command line of the registry: on all of the namespace's addresses, its layers in the lab's folder. */
function registryCommand(state: LabState, crane: string): string[] {
  return [crane, "registry", "serve", "--address", `:${REGISTRY_PORT}`, "--disk", state.file("registry")];
}

/** Gives images to the running registry; returns all their names in their usual short form. */
export async function pushContainers(
  state: LabState,
  crane: string,
  containers: readonly Container[],
): Promise<string[]> {
  for (const { file, references } of containers) {
    const [first = "", ...others] = references;
    await runCrane(state, ["push", file, inRegistry(first)], crane);
    for (const other of others) await runCrane(state, ["copy", inRegistry(first), inRegistry(other)], crane);
  }
  return containers.flatMap(({ references }) => references.map(shortName));
}

function inRegistry(reference: string): string {
  return `127.0.0.1:${REGISTRY_PORT}/${reference}`;
}

async function runCrane(state: LabState, words: string[], crane: string): Promise<void> {
  const [file = "", ...rest] = namespaced(state, [crane, ...words]);
  const { failed, all = "" } = await execa(file, rest, { all: true, reject: false, stdin: "ignore" });
  if (!failed) return;
  throw new LabError(
    `${words[1] ?? ""} could not be given to the lab's registry: ${all.trim().split("\n").at(-1) ?? ""}`,
    `see ${state.file("registry.log")}`,
  );
}
