import execa from "execa";
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { typed } from "./package";
import type { Program } from "./program";
import { StatePlace, unfinishedMachines } from "./terraform";

/** The lab's own program, as a process: the two know nothing of each other but the command line. */
const LAB = join(__dirname, "..", "lab", "vipstack-lab.js");

/** A lab's machine in the output of `vipstack-lab status --json`. */
interface LabMachine {
  readonly name: string;
  readonly state: string;
}

export function lab(words: readonly string[], options: execa.Options = {}): execa.ExecaChildProcess {
  return execa("node", [LAB, ...words], options);
}

/** The machines of a lab; undefined where the lab itself is not running. */
export async function labMachines(directory: string): Promise<LabMachine[] | undefined> {
  if (!existsSync(directory)) return undefined;
  const { stdout, exitCode } = await lab(["status", "--json", "--dir", directory], { reject: false });
  if (exitCode !== 0) return undefined;
  const status = JSON.parse(stdout) as { running: boolean; machines: LabMachine[] };
  return status.running ? status.machines : undefined;
}

/**
 * Debian packages, the base image, and what the lab has to build and serve; and a lab that died with its host is cleared away, so
 * that it can be made anew.
 *
 * @returns machines that were off and are on again
 */
export async function prepareHost(
  program: Program,
  deployments: readonly DeploymentDescription[],
  show: (line: string) => void,
): Promise<string[]> {
  const revived: string[] = [];
  for (const { access, stateFolder, stack } of deployments) {
    if (access.labDirectory === undefined) continue;
    const preparing = lab(["prepare", join(program.stackFolder(stack), "lab.json")], { all: true, reject: false });
    preparing.all?.on("data", (chunk: Buffer) => {
      for (const line of chunk.toString().trimEnd().split("\n")) show(line);
    });
    const { exitCode, all } = await preparing;
    if (exitCode !== 0) throw new CliError(all?.trim() ?? "the lab can't be prepared", "fix that, then run this again");
    if (existsSync(join(stateFolder, `${stack}.tfstate`)))
      revived.push(...(await reviveLab(access.labDirectory, { stateFolder, stack }, show)));
  }
  return revived;
}

/** Terraform's state may know machines that are not there any more, or that were switched off. */
async function reviveLab(directory: string, place: StatePlace, show: (line: string) => void): Promise<string[]> {
  const { stateFolder } = place;
  const machines = await labMachines(directory);
  if (machines === undefined) {
    show("the last lab is gone (was the host restarted?): starting afresh");
    await lab(["stop", "--dir", directory], { reject: false });
    // What was in its agents is gone with it.
    for (const file of readdirSync(stateFolder).filter((name) => /\.(tfstate|handover\.json)$/.test(name)))
      rmSync(join(stateFolder, file));
    return [];
  }
  const anew = unfinishedMachines(place);
  const off = machines
    .filter(({ name, state: power }) => power === "off" && !anew.includes(name))
    .map(({ name }) => name);
  for (const name of off) {
    show(`${name} is off: switching it on`);
    const { exitCode, all } = await lab(["power-on", name, "--dir", directory], { all: true, reject: false });
    if (exitCode !== 0)
      throw new CliError(
        all?.trim() ?? `${name} can't be switched on`,
        `look at its console: npx vipstack logs ${name} --console; or make everything anew: npx vipstack down, then up`,
      );
  }
  return off;
}

/** A vendor's program in the output of `vipstack-lab program check --json`. */
export interface ProgramCheck {
  readonly name: string;
  readonly version: string;
  readonly licence: string | null;
  readonly openSource: boolean;
  readonly available: boolean;
  readonly source: string | null;
  readonly from?: string;
  readonly why?: string;
  readonly cure?: string;
}

/** The vendors' programs that the labs of a program serve, as `NAME@VERSION`. */
export function programsOf(program: Program, deployments: readonly DeploymentDescription[]): string[] {
  return listed(program, deployments, "software");
}

/** Container images that the lab's machines are going to pull. */
export function imagesOf(program: Program, deployments: readonly DeploymentDescription[]): string[] {
  return listed(program, deployments, "images");
}

/** Whether programs are available on this host, and from where. Nothing is fetched. @param names `NAME` or `NAME@VERSION` */
export async function checkPrograms(names: readonly string[]): Promise<ProgramCheck[]> {
  const { stdout, stderr } = await lab(["program", "check", ...names, "--json"], { reject: false });
  if (!stdout.startsWith("[")) throw new CliError(stderr.trim(), "change the program, then run this again");
  return JSON.parse(stdout) as ProgramCheck[];
}

/** @returns what to print about the programs. @throws CliError where one is not available */
export async function requirePrograms(names: readonly string[]): Promise<string> {
  const checks = await checkPrograms(names);
  const missing = checks.filter(({ available }) => !available);
  if (missing.length > 0) {
    throw new CliError(
      missing.map(({ why = "" }) => why).join("\n"),
      missing.flatMap(({ cure }) => (cure === undefined ? [] : [typed("lab", cure)])).join(", ") ||
        "fix that, then run this again",
    );
  }
  return programsLine(checks);
}

/** One line that names each with version and licence: `Programs: consul 1.14.11 (MPL-2.0), nomad 2.0.4 (BUSL-1.1, not open source)`. */
export function programsLine(checks: readonly ProgramCheck[]): string {
  const words = checks.map(({ name, version, licence, openSource }) => {
    const terms = licence === null ? "licence unknown" : openSource ? licence : `${licence}, not open source`;
    return `${name} ${version} (${terms})`;
  });
  return `Programs: ${words.join(", ")}`;
}

/**
 * Fetches the images that the lab does not have yet.
 *
 * @throws CliError where one is not available
 */
export async function fetchImages(names: readonly string[], show: (line: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const name of names) {
    show(name);
    const { exitCode, all = "" } = await lab(["image", "get", name], { all: true, reject: false });
    if (exitCode !== 0) missing.push(all.trim());
  }
  if (missing.length === 0) return;
  throw new CliError(
    missing.join("\n"),
    `bring the image in with \`${typed("lab", "image add NAME FILE")}\`, then run this again`,
  );
}

/** What the `lab.json` of all labs lists, each once. */
function listed(
  program: Program,
  deployments: readonly DeploymentDescription[],
  what: "software" | "images",
): string[] {
  const labs = deployments.filter(({ access }) => access.labDirectory !== undefined);
  const lists = labs.map(({ stack }) => {
    const file = join(program.stackFolder(stack), "lab.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { software?: string[]; images?: string[] })[what] ?? [];
  });
  return [...new Set(lists.flat())];
}

/** A line of the lab's `events.ndjson`. */
export interface LabEvent {
  readonly time: string;
  /** Left out or null where the event is about the lab itself. */
  readonly machine?: string | null;
  readonly stage: string;
  readonly detail?: string;
}

/** Passes on each new event of a lab's folder as it is written; call the returned function to stop. */
export function followEvents(labDirectory: string, since: Date, onEvent: (event: LabEvent) => void): () => void {
  const file = join(labDirectory, "events.ndjson");
  let offset = 0;
  let rest = "";
  const read = (): void => {
    if (!existsSync(file)) return;
    const [text, end] = readFrom(file, offset);
    offset = end;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = JSON.parse(line) as LabEvent;
      if (new Date(event.time) >= since) onEvent(event);
    }
  };
  const timer = setInterval(read, 250);
  return () => {
    clearInterval(timer);
    read();
  };
}

/** What was appended since `offset`; from the start where the file is a new one. */
function readFrom(file: string, offset: number): [text: string, end: number] {
  const handle = openSync(file, "r");
  try {
    const { size } = fstatSync(handle);
    const from = size < offset ? 0 : offset;
    const buffer = Buffer.alloc(size - from);
    readSync(handle, buffer, 0, buffer.length, from);
    return [buffer.toString("utf8"), size];
  } finally {
    closeSync(handle);
  }
}
