import { diffLines } from "diff";
import type { ObjectChange, StackChanges, TextChange } from "./change";

/** What a program would change, and what it warns of. */
export interface ProgramPlan {
  readonly stacks: readonly (StackChanges & { readonly stack: string })[];
  /** Warnings of the program, acknowledged refusals among them. */
  readonly warnings: readonly string[];
  /** Stacks that could not be compared, and why. */
  readonly problems: readonly string[];
}

export interface PlanTextOptions {
  /** How many lines of a difference are shown at most. @default - all */
  readonly lines?: number;
}

/** The plan for the user; empty where there is nothing to change and nothing to warn of. */
export function planText(
  { stacks, warnings, problems }: ProgramPlan,
  { lines = Infinity }: PlanTextOptions = {},
): string {
  const difference = (change: TextChange): string[] => shortened(differenceOf(change), lines);
  const machines = stacks.flatMap((stack) =>
    stack.machines.flatMap(({ name, action, reasons, boot, drainedBy }) => [
      { add: `+ ${name}`, remove: `- ${name} is removed`, replace: `± ${name} is made anew: ${reasons.join(", ")}` }[
        action
      ],
      ...(drainedBy.length > 0 ? [`    its real servers are drained first, by ${drainedBy.join(", ")}`] : []),
      ...boot.flatMap((change) => [`    ${told(change)}`, ...difference(change).map((line) => `      ${line}`)]),
    ]),
  );
  const files = stacks.flatMap((stack) =>
    stack.files.flatMap(({ machine, files: changes, secrets }) => [
      ...changes.flatMap((change) => [
        `~ ${machine} ${told(change)}`,
        ...difference(change).map((line) => `    ${line}`),
      ]),
      ...secrets.map((secret) => `~ ${machine} secret ${secret}`),
    ]),
  );
  const objects = stacks.flatMap((stack) => stack.objects.flatMap((change) => objectLines(change, difference)));
  const others = stacks.flatMap((stack) => stack.others.map((name) => `~ ${name}`));
  return [
    section("machines", machines),
    section("files, pushed to machines that run on", files),
    section("objects in Consul, jobs in Nomad", objects),
    section("other resources of Terraform", others),
    section("not compared", problems),
    section("warnings", warnings),
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

/** Where the files of machines can be read as they will be there. @param folders of stacks with machines */
export function whereFilesAre(folders: readonly string[]): string {
  return section(
    "every file of a machine, as it will be there",
    folders.map((folder) => `${folder}/machines/NAME/files`),
  );
}

/** Whether anything would change; what could not be compared counts. */
export function changesAnything(plan: ProgramPlan): boolean {
  return plan.problems.length > 0 || plan.stacks.some(({ stack }) => !isUnchanged(plan, [stack]));
}

/** Whether all of these stacks were compared, and none of them would change. */
export function isUnchanged(plan: ProgramPlan, stacks: readonly string[]): boolean {
  return stacks.every((name) => {
    const changes = plan.stacks.find(({ stack }) => stack === name);
    if (changes === undefined) return false;
    const { machines, files, objects, others } = changes;
    return [machines, files, objects, others].every((all) => all.length === 0);
  });
}

/** `~ job default/hello-world`: the objects that change, in one line each. */
export function objectNames({ stacks }: ProgramPlan): string[] {
  return stacks.flatMap(({ objects }) => objects.map(({ name, action }) => `${SIGNS[action]} ${name}`));
}

const SIGNS = { add: "+", change: "~", remove: "-" };

function objectLines({ name, action, text }: ObjectChange, difference: (change: TextChange) => string[]): string[] {
  return [`${SIGNS[action]} ${name}`, ...(text ? difference(text).map((line) => `    ${line}`) : [])];
}

function told({ name, before, after }: TextChange): string {
  if (before === undefined) return `${name} (new)`;
  return after === undefined ? `${name} (removed)` : name;
}

/** The lines that differ, marked with `-` and `+`. */
function differenceOf({ before = "", after = "" }: TextChange): string[] {
  return diffLines(before, after)
    .filter(({ added, removed }) => added || removed)
    .flatMap(({ added, value }) =>
      value
        .replace(/\n$/, "")
        .split("\n")
        .map((line) => `${added ? "+" : "-"} ${line}`),
    );
}

function shortened(lines: readonly string[], most: number): string[] {
  if (lines.length <= most) return [...lines];
  return [...lines.slice(0, most), `… ${lines.length - most} more lines`];
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [title, ...lines.map((line) => `  ${line}`)].join("\n");
}
