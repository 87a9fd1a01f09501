import execa from "execa";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline/promises";
import { DeploymentDescription, ProviderDescription } from "../../constructs/deployment";
import { CliError } from "../errors";
import { handedOver } from "../handover/handover";
import { clusterObjects } from "../handover/objects";
import { readResources } from "../handover/resources";
import { labMachines } from "../lab";
import { leftLine, leftStacks } from "../left-stacks";
import { typed, wordsOf } from "../package";
import { chooseProgram, Program } from "../program";
import { supplySecrets } from "../secrets/supply";
import type { Synthesis } from "../synthesis";
import { TERRAFORM, terraformResources } from "../terraform";
import { terraformErrors } from "../terraform-errors";
import { bootChanges, machineResources } from "./boot-content";
import { changesOf, compareObjects, ResourceChange, StackChanges } from "./change";
import { changesAnything, planText, ProgramPlan, whereFilesAre } from "./text";

interface PlanOptions {
  /** Whether differences are shown whole. */
  readonly all?: boolean;
  readonly json?: boolean;
}

/** How many lines of a difference are shown: a program of a director has hundreds. */
const SHOWN_LINES = 20;

/** Shows what `up` would change. Changes nothing. */
export async function plan(example?: string, { all = false, json = false }: PlanOptions = {}): Promise<void> {
  const choice = example === undefined ? await chooseProgram() : undefined;
  const program = new Program(example, choice?.app);
  const deployments = await program.synth();
  // Terraform compares values, also those that are yet to be made.
  supplySecrets(deployments, { keep: false });
  const providerStacks = program.providerStacks();
  const { gone, off } = await stateOfLabs(deployments);
  const planned = await planOf(program, deployments, providerStacks, gone);
  if (json) {
    console.log(JSON.stringify(planned, null, 2));
    return;
  }
  const notes = [
    ...(choice?.leftOut === undefined ? [] : [`Plans ${choice.leftOut}`]),
    ...(deployments.some((one) => gone.includes(one.stateFolder) && terraformResources(one) > 0)
      ? ["The last lab is gone: everything in it is made anew."]
      : []),
    ...off.map((name) => `${name} is off: ${typed("up", ...wordsOf(example))} switches it on.`),
    ...leftStacks(program, [...deployments, ...providerStacks]).map(leftLine),
  ];
  const text = planText(planned, all ? {} : { lines: SHOWN_LINES });
  const folders = deployments.map(({ stack }) => relative(process.cwd(), program.stackFolder(stack)));
  const end = changesAnything(planned) ? `${typed("up", ...wordsOf(example))} does it.` : "Nothing to change.";
  console.log([...notes, text, whereFilesAre(folders), end].filter((part) => part !== "").join("\n\n"));
}

/**
 * Compares stacks of a program that was just synthesized with what is deployed, all side by side.
 *
 * @param gone state folders of labs that no longer run: what their states hold is not there
 */
export async function planOf(
  program: Synthesis,
  deployments: readonly DeploymentDescription[],
  providerStacks: readonly ProviderDescription[],
  gone: readonly string[] = [],
): Promise<ProgramPlan> {
  const stacks: PlannedStack[] = [
    ...deployments.map((one) => ({
      ...one,
      bootOf: (id: string, hash: string) => bootChanges(program, one, id, hash),
    })),
    ...providerStacks.map((one) => ({ ...one, bootOf: () => [] })),
  ];
  const problems: string[] = [];
  const changes = stacks.map(async (stack) => {
    const fresh = gone.includes(stack.stateFolder);
    try {
      return [{ stack: stack.stack, ...(await stackChanges(program, stack, fresh)) }];
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      problems.push(`stack '${stack.stack}': ${error.message.split("\n")[0] ?? ""}`);
      return [];
    }
  });
  return { stacks: (await Promise.all(changes)).flat(), warnings: program.warnings(), problems };
}

/** Labs that no longer run, by their state folders, and machines of the others that are off. */
async function stateOfLabs(deployments: readonly DeploymentDescription[]): Promise<{ gone: string[]; off: string[] }> {
  const gone: string[] = [];
  const off: string[] = [];
  for (const { access, stateFolder } of deployments) {
    if (access.labDirectory === undefined) continue;
    const machines = await labMachines(access.labDirectory);
    if (machines === undefined) gone.push(stateFolder);
    else off.push(...machines.filter(({ state }) => state === "off").map(({ name }) => name));
  }
  return { gone, off };
}

/** Names of machines that the plan makes anew or removes, except for those that were never finished. */
export function machinesAtRisk({ stacks }: ProgramPlan): { readonly replaced: string[]; readonly removed: string[] } {
  const all = stacks.flatMap(({ machines }) => machines.filter(({ unfinished = false }) => !unfinished));
  const named = (action: string): string[] => all.filter((one) => one.action === action).map(({ name }) => name);
  return { replaced: named("replace"), removed: named("remove") };
}

/**
 * Shows changes and warnings, and asks before a machine is made anew or removed.
 *
 * @param ask whether it asks: on a terminal, without `--yes`
 * @param example which the program is, for the command that is told
 * @throws CliError where the answer is not yes
 */
export async function confirm(
  planned: ProgramPlan,
  ask: boolean,
  example: string | undefined,
  terminal: Terminal = { input: process.stdin, output: process.stdout },
): Promise<void> {
  const text = planText(planned, { lines: SHOWN_LINES });
  if (text !== "") terminal.output.write(`\n${text}\n\n`);
  const { replaced, removed } = machinesAtRisk(planned);
  const parts = [
    ...(replaced.length > 0 ? [`make ${replaced.join(", ")} anew`] : []),
    ...(removed.length > 0 ? [`remove ${removed.join(", ")}`] : []),
  ];
  if (!ask || parts.length === 0) return;
  const [first = "", ...rest] = parts.join(" and ");
  const questions = createInterface(terminal);
  const answer = await questions.question(`What is on them is lost. ${first.toUpperCase()}${rest.join("")}? (yes/no) `);
  questions.close();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new CliError("nothing was changed", `answer yes, or run \`${typed("up", "--yes", ...wordsOf(example))}\``);
}

interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

interface PlannedStack {
  readonly stack: string;
  readonly stateFolder: string;
  readonly bootOf: Parameters<typeof changesOf>[1];
}

async function stackChanges(program: Synthesis, stack: PlannedStack, fresh: boolean): Promise<StackChanges> {
  if (!fresh && terraformResources(stack) > 0)
    return changesOf(await terraformPlan(program, stack.stack), stack.bootOf);
  // Never deployed by Terraform: everything in it is new, but for what was handed over.
  const json = program.stackJson(stack.stack);
  const { resources } = await readResources(json);
  const made = machineResources(program, stack.stack);
  const handed = fresh ? [] : handedOver(stack);
  return {
    files: [],
    others: [],
    machines: made.map(({ name }) => ({ name, action: "add", reasons: [], boot: [], drainedBy: [] })),
    objects: made.length > 0 ? [] : compareObjects(handed, resources.flatMap(clusterObjects)),
  };
}

/** The exit code of `terraform plan -detailed-exitcode` where something changes. */
const CHANGES = 2;

async function terraformPlan(program: Synthesis, stack: string): Promise<ResourceChange[]> {
  const cwd = program.stackFolder(stack);
  // A plan holds what the state holds, secrets included.
  const folder = mkdtempSync(join(tmpdir(), "vipstack-plan-"));
  const terraform = async (...words: string[]): Promise<{ exitCode: number; stdout: string }> => {
    const env = { CHECKPOINT_DISABLE: "1" };
    const { exitCode, stdout, all = "" } = await execa(TERRAFORM, words, { cwd, all: true, reject: false, env });
    if (exitCode !== 0 && exitCode !== CHANGES)
      throw new CliError(terraformErrors(all), "fix that, then run this again");
    return { exitCode, stdout };
  };
  try {
    if (!existsSync(join(cwd, ".terraform"))) await terraform("init", "-input=false", "-no-color");
    const file = join(folder, "plan");
    const options = ["-input=false", "-no-color", "-lock=false", "-detailed-exitcode", `-out=${file}`];
    const { exitCode } = await terraform("plan", ...options);
    if (exitCode !== CHANGES) return [];
    const { stdout } = await terraform("show", "-json", file);
    return (JSON.parse(stdout) as { resource_changes?: ResourceChange[] }).resource_changes ?? [];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
