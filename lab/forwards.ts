import execa from "execa";
import * as fs from "fs";
import * as net from "net";
import { socatTarget } from "./addresses";
import type { Forward } from "./documents";
import { codeOf, LabError } from "./errors";
import { namespaced } from "./namespace";
import { endRecorded, isAlive, readRecord, recordedNames, startRecorded } from "./processes";
import { type LabState, readIfThere, writeAtomically } from "./state";

/** What has to happen so that the forwards are those that are wanted. */
export interface ForwardChanges {
  readonly remove: Forward[];
  readonly add: Forward[];
}

/** Compares the forwards that run with those that are wanted; one whose target changed is both removed and added. */
export function forwardChanges(running: Forward[], wanted: Forward[]): ForwardChanges {
  const among = (forward: Forward, list: Forward[]): boolean =>
    list.some((other) => other.listen === forward.listen && other.to === forward.to);
  return {
    remove: running.filter((forward) => !among(forward, wanted)),
    add: wanted.filter((forward) => !among(forward, running)),
  };
}

/** Makes the loopback forwards equal to the list. A port that another process uses is an error before anything is changed. */
export async function syncForwards(state: LabState, wanted: Forward[]): Promise<ForwardChanges> {
  const changes = forwardChanges(runningForwards(state), wanted);
  await requireFreeForwards(state, wanted);
  for (const forward of changes.remove) await removeForward(state, forward);
  for (const forward of changes.add) addForward(state, forward);
  return changes;
}

/** Checks that the ports of forwards that don't run yet are free. */
export async function requireFreeForwards(state: LabState, wanted: Forward[]): Promise<void> {
  const running = runningForwards(state);
  for (const { listen } of wanted) {
    if (!running.some((forward) => forward.listen === listen)) await requireFree(listen);
  }
}

/** Forwards whose both processes live. */
export function runningForwards(state: LabState): Forward[] {
  return recordedNames(state)
    .flatMap((name) => /^forward-(\d+)$/.exec(name)?.[1] ?? [])
    .flatMap((port) => {
      const text = readIfThere(state.run(`forward-${port}.target`));
      return text === undefined || !processNames(Number(port)).every((name) => isAlive(readRecord(state, name)))
        ? []
        : [{ listen: Number(port), to: text }];
    });
}

/** Checks that nothing listens on a loopback port yet; names the owner otherwise, if it can be known. */
export async function requireFree(port: number): Promise<void> {
  const code = await new Promise<string | undefined>((resolve) => {
    const server = net.createServer();
    server.once("error", (error) => {
      resolve(codeOf(error) ?? "error");
    });
    server.listen({ port, host: "127.0.0.1" }, () =>
      server.close(() => {
        resolve(undefined);
      }),
    );
  });
  if (code === undefined) return;
  const owner = code === "EADDRINUSE" ? await ownerOf(port) : undefined;
  throw new LabError(
    `port ${port} of 127.0.0.1 is not free${owner === undefined ? ` (${code})` : `: ${owner} listens on it`}`,
    "end that process, or choose another port for the forward",
  );
}

async function ownerOf(port: number): Promise<string | undefined> {
  const { stdout } = await execa("ss", ["-H", "-ltnp", `sport = :${port}`], { reject: false });
  const match = /\(\("([^"]+)",pid=(\d+)/.exec(stdout);
  return match ? `${match[1] ?? ""} (process ${match[2] ?? ""})` : undefined;
}

function addForward(state: LabState, { listen, to }: Forward): void {
  const socket = state.run(`forward-${listen}.sock`);
  const log = state.run(`forward-${listen}.log`);
  fs.rmSync(socket, { force: true });
  writeAtomically(state.run(`forward-${listen}.target`), to);
  const [outside, inside] = processNames(listen);
  const listener = ["socat", `UNIX-LISTEN:${socket},fork`, socatTarget(to)];
  startRecorded(state, inside, namespaced(state, listener), { log });
  const door = ["socat", `TCP4-LISTEN:${listen},bind=127.0.0.1,fork,reuseaddr`, `UNIX-CONNECT:${socket}`];
  startRecorded(state, outside, door, { log });
}

async function removeForward(state: LabState, { listen }: Forward): Promise<void> {
  for (const name of processNames(listen)) await endRecorded(state, name);
  for (const end of ["sock", "log", "target"]) fs.rmSync(state.run(`forward-${listen}.${end}`), { force: true });
}

function processNames(port: number): [string, string] {
  return [`forward-${port}`, `forward-${port}-inside`];
}
