import * as fs from "fs";
import { prepareImage } from "./base-image";
import { keptContainers } from "./base-image-containers";
import { type LabDocument, readLab } from "./documents";
import { LabError } from "./errors";
import type { Progress } from "./events";
import { withLock } from "./files";
import { bringHosts, removeGuest } from "./guest";
import { prepareHost, widenPath } from "./host";
import {
  ensureNamespace,
  namespaceExists,
  removeNamespace,
  removeStaleBridges,
  requireFreeForwards,
  runningForwards,
  syncForwards,
} from "./network";
import { hubReference, prepareContainers } from "./offline/images";
import { ensurePackageProxy, packageProxyRuns } from "./offline/package-proxy";
import { requireArtefacts } from "./offline/programs";
import { neededArtefacts, prepareServices, syncServices } from "./offline/services";
import { endRecorded, recordedNames } from "./processes";
import { ensureKey, writeSshConfig } from "./ssh";
import { beforeRemoval, leavingMachines } from "./removal";
import type { LabState } from "./state";

/** Images that cost a disk image nothing. A job of one starts three seconds earlier beside a gateway that starts, too. */
const SMALL_IMAGES = ["busybox:1"];

/**
 * Host packages and base image; needs no lab.
 *
 * @param preinstalled Debian packages that the image holds beside the usual ones
 * @param images container images that it holds as well, with small ones of the lab, if one of the packages is Docker and the lab's
 *     registry has them
 * @returns the image's path
 */
export async function prepare(
  progress: Progress,
  preinstalled: readonly string[] = [],
  images: readonly string[] = [],
): Promise<string> {
  await prepareHost(progress);
  if (!preinstalled.includes("docker.io") || images.length === 0) return prepareImage(progress, preinstalled);
  const names = [...images, ...SMALL_IMAGES].map(hubReference);
  const containers = await keptContainers(await prepareContainers(progress), names);
  return prepareImage(progress, preinstalled, containers);
}

/** Starts a lab, or reports that it runs. What a crashed run left is removed first. */
export async function startLab(state: LabState, file: string, progress: Progress): Promise<void> {
  const lab = readLab(file);
  await requireArtefacts(neededArtefacts(lab)); // before minutes are spent on the image
  await prepare(progress);
  const served = await prepareServices(lab, progress);
  await requireFreeForwards(state, lab.forwards); // before anything is made
  state.create();
  await withLock(state.run("lab.lock"), async () => {
    const before = state.lab();
    const running = namespaceExists(state) && packageProxyRuns(state);
    if (running && before && sameForwards(state, lab) && JSON.stringify(before) === JSON.stringify(lab)) {
      await syncServices(state, lab, served, progress); // one that was ended comes back
      state.saveLab(lab, file);
      progress.tell(null, "network", `lab "${lab.name}" is already running`);
      return;
    }
    if (running && !before)
      progress.tell(null, "network", "the lab's folder was deleted while it ran: starting afresh");
    if (!running || !before) await cleanUp(state, progress);
    await ensureKey(state);
    await ensureNamespace(state, lab);
    await ensurePackageProxy(state);
    await syncServices(state, lab, served, progress);
    await syncForwards(state, lab.forwards);
    state.saveLab(lab, file);
    await writeSshConfig(state);
    progress.tell(null, "network", `network ${lab.subnets.join(", ")} is up, package proxy runs`);
  });
}

/** Makes a running lab equal to the list: guests that are not in it go, forwards become exactly the listed ones. */
export async function syncLab(state: LabState, file: string, progress: Progress): Promise<void> {
  const lab = readLab(file);
  widenPath();
  requireRunning(state);
  const served = await prepareServices(lab, progress);
  await beforeRemoval(state, lab, leavingMachines(state, lab), progress);
  await withLock(state.run("lab.lock"), async () => {
    for (const name of leavingMachines(state, lab)) {
      await removeGuest(state, name);
      progress.tell(name, "removed", "removed: not in the lab's list any more");
    }
    await ensureNamespace(state, lab);
    await syncServices(state, lab, served, progress);
    const { add, remove } = await syncForwards(state, lab.forwards);
    for (const forward of remove)
      progress.tell(null, "network", `127.0.0.1:${forward.listen} is not forwarded to ${forward.to} any more`);
    for (const forward of add) progress.tell(null, "network", `127.0.0.1:${forward.listen} leads to ${forward.to}`);
    await removeStaleBridges(state, lab);
    state.saveLab(lab, file);
    await Promise.all(state.guests().map((name) => bringHosts(state, name, progress)));
  });
}

/** An error that says how to start the lab, unless it runs. */
export function requireRunning(state: LabState): void {
  state.requireLab();
  if (!namespaceExists(state) || !packageProxyRuns(state)) {
    throw new LabError(
      `the lab in ${state.dir} does not run (the host was restarted, or its processes were ended)`,
      `start it again: vipstack-lab start LAB.json --dir ${state.dir}`,
    );
  }
}

/** Ends everything a lab has, in any state of it. Files that the lab did not make stay, and are returned. */
export async function stopLab(state: LabState, progress: Progress): Promise<string[]> {
  widenPath();
  const existed = fs.existsSync(state.runDir) || fs.existsSync(state.file("lab.json")) || namespaceExists(state);
  await cleanUp(state, progress);
  const left = state.remove();
  progress.tell(null, "stopped", existed ? "the lab is gone" : `there is no lab in ${state.dir}`);
  return left;
}

/** Removes guests, processes and the namespace; keys and the list stay for a start that may follow. */
async function cleanUp(state: LabState, progress: Progress): Promise<void> {
  const guests = fs.existsSync(state.file("guests")) ? fs.readdirSync(state.file("guests")) : [];
  // Processes first and all at once: a machine takes part of a second to die.
  await Promise.all(recordedNames(state).map((name) => endRecorded(state, name)));
  await removeNamespace(state);
  for (const name of guests) {
    fs.rmSync(state.guestDir(name), { recursive: true, force: true });
    progress.tell(name, "removed", "removed");
  }
  for (const part of ["ssh", "uml"]) {
    if (!fs.existsSync(state.run(part))) continue;
    for (const entry of fs.readdirSync(state.run(part)))
      fs.rmSync(state.run(part, entry), { recursive: true, force: true });
  }
}

function sameForwards(state: LabState, lab: LabDocument): boolean {
  const key = (forwards: { listen: number; to: string }[]): string =>
    forwards
      .map((f) => `${f.listen}=${f.to}`)
      .sort()
      .join();
  return key(runningForwards(state)) === key(lab.forwards);
}
