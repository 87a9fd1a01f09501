import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { DEPLOYMENT_FILE, DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { lab } from "./lab";
import { typed } from "./package";
import { OUTPUT_FOLDER } from "./program";
import { Synthesis } from "./synthesis";
import { terraformResources } from "./terraform";

/** A machine in the output of `vipstack-lab list --json`. */
interface LabMachine {
  readonly name: string;
  readonly state: string;
  readonly upSeconds?: number;
}

/** A lab there. */
export interface RunningLab {
  readonly dir: string;
  readonly folderDeleted: boolean;
  /** The LAB.json that it was started or synchronised with. @default - an older version started it */
  readonly list?: string;
  readonly machines: readonly LabMachine[];
}

/** A deployment that is up, with what the last synth says of it. */
export interface Running {
  readonly deployment: DeploymentDescription;
  readonly synthesis: Synthesis;
  /** @default - its machines are no lab's */
  readonly lab?: RunningLab;
}

/** The labs that run on this host. Where there can be none, there are none. */
export async function runningLabs(): Promise<RunningLab[]> {
  const { stdout, exitCode } = await lab(["list", "--json"], { reject: false });
  return exitCode === 0 ? (JSON.parse(stdout) as RunningLab[]) : [];
}

/** What is up: of the programs of this folder, and of any lab of this host. Nothing is synthesized. */
export function runningDeployments(labs: readonly RunningLab[]): Running[] {
  const here = programFolders().flatMap((output) => runningIn(new Synthesis(output), labs));
  const elsewhere = labs
    .filter(({ dir }) => !here.some((one) => one.lab?.dir === dir))
    .flatMap((one) => ofLab(one) ?? []);
  return [...here, ...elsewhere];
}

/** The option of every command that is about one deployment. */
export interface DeploymentOption {
  /** Name or state folder of the deployment, where several are up. */
  readonly deployment?: string;
}

/** Which deployment a command is about. */
export interface Wanted extends DeploymentOption {
  /** A machine that it has. */
  readonly machine?: string;
}

/** The deployment that a command is about: the one that was named, the only one that is up, or that of this folder's program. */
export async function chooseRunning(wanted: Wanted = {}): Promise<Running> {
  const labs = await runningLabs();
  return choose(runningDeployments(labs), labs, wanted);
}

/** @throws CliError where none fits, or several do */
export function choose(all: readonly Running[], labs: readonly RunningLab[], { deployment, machine }: Wanted): Running {
  const named = all.filter((one) => deployment === undefined || isCalled(one, deployment));
  if (named.length === 0) {
    const deleted = labs.filter(({ folderDeleted }) => folderDeleted).map(deletedLine);
    const what = deployment === undefined ? "nothing is up" : `no deployment '${deployment}' is up`;
    const cure = all.length === 0 ? typed("up") : `choose one of: ${labelsOf(all)}`;
    throw new CliError([what, ...deleted].join("\n"), cure);
  }
  const having = named.filter(
    (one) => machine === undefined || one.deployment.machines.some(({ name }) => name === machine),
  );
  if (having.length === 0) {
    const machines = named.flatMap((one) => one.deployment.machines.map(({ name }) => name));
    throw new CliError(`no machine '${machine ?? ""}' is up`, `choose one of: ${machines.join(", ")}`);
  }
  // The program of this folder comes before its examples, and these before what runs elsewhere on this host.
  const folder = resolve(OUTPUT_FOLDER);
  const own = having.filter(({ synthesis }) => resolve(synthesis.output) === folder);
  const near = having.filter(({ synthesis }) => resolve(synthesis.output).startsWith(join(folder, "/")));
  const [only, ...more] = [own, near, having].find(({ length }) => length > 0) ?? [];
  if (only !== undefined && more.length === 0) return only;
  throw new CliError("several deployments are up", `name one by --deployment: ${labelsOf(having)}`);
}

function isCalled({ deployment: { name, stateFolder } }: Running, wanted: string): boolean {
  return name === wanted || stateFolder === resolve(wanted);
}

/** Names, and state folders where several have the same name. */
function labelsOf(all: readonly Running[]): string {
  const names = all.map(({ deployment: { name } }) => name);
  return all
    .map(({ deployment: { name, stateFolder } }) =>
      names.filter((one) => one === name).length > 1 ? here(stateFolder) : name,
    )
    .join(", ");
}

function here(folder: string): string {
  const path = relative("", folder);
  return path.startsWith("..") ? folder : path;
}

/** How to end a lab whose folder is gone. */
export function deletedLine({ dir, machines }: RunningLab): string {
  const names = machines.map(({ name }) => name).join(", ");
  return `The folder of a lab was deleted while it runs: ${dir} (${names}). Stop it: ${typed("lab", "stop", "--dir", dir)}`;
}

function programFolders(): string[] {
  const examples = join(OUTPUT_FOLDER, "examples");
  const names = existsSync(examples) ? readdirSync(examples).sort() : [];
  return [OUTPUT_FOLDER, ...names.map((name) => join(examples, name))];
}

function runningIn(synthesis: Synthesis, labs: readonly RunningLab[]): Running[] {
  return synthesis.deployments().flatMap((deployment): Running[] => {
    const { labDirectory } = deployment.access;
    if (labDirectory === undefined) return terraformResources(deployment) > 0 ? [{ deployment, synthesis }] : [];
    // Programs may share a state folder: the lab is that of the program whose list it has.
    const folder = synthesis.stackFolder(deployment.stack);
    const found = labs.find(
      ({ dir, folderDeleted, list }) =>
        dir === labDirectory && !folderDeleted && (list === undefined || dirname(list) === folder),
    );
    return found === undefined ? [] : [{ deployment, synthesis, lab: found }];
  });
}

/** A program of another folder: its lab was started with a list that lies beside the description. */
function ofLab(running: RunningLab): Running | undefined {
  if (running.list === undefined || running.folderDeleted) return undefined;
  const folder = dirname(running.list);
  const file = join(folder, DEPLOYMENT_FILE);
  if (!existsSync(file)) return undefined;
  const deployment = JSON.parse(readFileSync(file, "utf8")) as DeploymentDescription;
  if (deployment.access.labDirectory !== running.dir) return undefined;
  return { deployment, synthesis: new Synthesis(dirname(dirname(folder))), lab: running };
}
