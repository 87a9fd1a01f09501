import { Aspects, TerraformStack, Token } from "cdktf";
import { IConstruct } from "constructs";
import { describeFailure, Failure } from "./failure";

/** Every error this library throws at synth: construct path first, then each failure with its cure. */
export class ValidationError extends Error {
  /** Path of the construct; `inventory 'lab'` for an inventory, which is none. */
  readonly constructPath: string;
  /** The broken rules. */
  readonly failures: readonly Failure[];

  /** @param place the construct, or the name of what is no construct */
  constructor(place: IConstruct | string, failures: readonly Failure[]) {
    const path = typeof place === "string" ? place : place.node.path;
    super(describePart(path, failures.map(describeFailure)));
    this.name = "ValidationError";
    this.constructPath = path;
    this.failures = failures;
  }
}

function describePart(path: string, lines: readonly string[]): string {
  if (lines.length === 1) return `${path}: ${lines.join("")}`;
  return `${path}: ${lines.length} problems\n${lines.map((line) => `  - ${line}`).join("\n")}`;
}

/** A check of the complete program. */
interface LateCheck {
  readonly scope: IConstruct;
  /** @returns what is wrong, in sentences */
  readonly check: () => readonly string[];
}

/** What constructs of one program recorded for synth, by the root of its tree. */
const postponed = new WeakMap<IConstruct, ValidationError[]>();
/** What constructs of one program check at synth, by the root of its tree. */
const lateChecks = new WeakMap<IConstruct, LateCheck[]>();
const refused = new WeakSet<IConstruct>();
/** Stacks whose synth throws what was recorded. */
const watched = new WeakSet<TerraformStack>();
/** Programs whose stacks were looked at together, since one of them has a failure. */
const comparedStacks = new WeakSet<IConstruct>();
/** While it is set, the checks of this library find nothing: only those of others are asked. */
let onlyForeign = false;

/**
 * Whether one of these was refused. Synth is going to fail for it, so what depends on it neither looks at it nor complains: its values may
 * be stand-ins.
 */
export function isRefused(...constructs: readonly (IConstruct | undefined)[]): boolean {
  return constructs.some((each) => each !== undefined && refused.has(each));
}

/** Records failures of a construct for synth, as {@link Validation.passes} does. */
export function refuse(scope: IConstruct, failures: readonly Failure[]): void {
  const validation = new Validation(scope);
  validation.add(...failures);
  validation.passes();
}

/**
 * A check of the complete program, made at synth. If constructors have recorded failures, or if another stack has some, they all come in
 * one error.
 *
 * @param check returns what is wrong, in sentences
 */
export function checkAtSynth(scope: IConstruct, check: () => readonly string[]): void {
  const { root } = scope.node;
  const known = lateChecks.get(root);
  if (known === undefined) lateChecks.set(root, [{ scope, check }]);
  else known.push({ scope, check });
  scope.node.addValidation({
    validate: () => {
      const found = onlyForeign ? [] : [...check()];
      if (found.length > 0) throwOfSeveralStacks(root);
      return found;
    },
  });
}

/** cdktf reports the failures of one stack and stops. If there is one, the checks of all stacks are made; if several fail, all is reported. */
function throwOfSeveralStacks(root: IConstruct): void {
  if (comparedStacks.has(root)) return;
  comparedStacks.add(root);
  const failing = foundLate(root).map(({ scope }) => stackOf(scope));
  if (new Set(failing).size > 1) throw everythingWrong(root);
}

/**
 * Throws what constructs recorded by {@link Validation.passes}, if there is anything, with what the checks of the complete program find. Synth
 * reads nothing of a machine before, since what was refused may be of no shape.
 */
export function throwPostponed(scope: IConstruct): void {
  const { root } = scope.node;
  if (postponed.has(root)) throw everythingWrong(root);
}

/** One error: that of the only construct as it is, or the problems of all, by construct. */
function everythingWrong(root: IConstruct): Error {
  const recorded = postponed.get(root) ?? [];
  const late = [...foundLate(root), ...foundByOthers(root)];
  const parts = new Map<string, Set<string>>();
  const add = (path: string, lines: readonly string[]): void => {
    const known = parts.get(path) ?? new Set();
    parts.set(path, known);
    for (const line of lines) known.add(line);
  };
  for (const { constructPath, failures } of recorded) add(constructPath, failures.map(describeFailure));
  for (const { scope, lines } of late) add(scope.node.path, lines);
  const [first] = recorded;
  const isAll = [...parts.values()].every(({ size }) => size === first?.failures.length);
  if (first !== undefined && parts.size === 1 && isAll) return first;
  const texts = [...parts].map(([path, lines]) => describePart(path, [...lines]));
  const indented = texts.map((text) => `  ${text.replaceAll("\n", "\n  ")}`);
  const message =
    texts.length === 1 ? texts.join("") : `${texts.length} parts of the program are refused:\n${indented.join("\n")}`;
  const error = new Error(message);
  error.name = "ValidationError";
  return error;
}

interface Found {
  readonly scope: IConstruct;
  readonly lines: readonly string[];
}

function foundLate(root: IConstruct): Found[] {
  return (lateChecks.get(root) ?? [])
    .map(({ scope, check }) => ({ scope, lines: withoutStandIns(check) }))
    .filter(({ lines }) => lines.length > 0);
}

/** What `node.addValidation` of the user's own constructs finds. Those of stacks are cdktf's. */
function foundByOthers(root: IConstruct): Found[] {
  onlyForeign = true;
  try {
    return root.node
      .findAll()
      .filter((scope) => !TerraformStack.isStack(scope))
      .map((scope) => ({ scope, lines: withoutStandIns(() => scope.node.validate()) }))
      .filter(({ lines }) => lines.length > 0);
  } finally {
    onlyForeign = false;
  }
}

/** A check that meets a value of no shape, which was recorded as such, has nothing to add. */
function withoutStandIns(check: () => readonly string[]): readonly string[] {
  try {
    return check();
  } catch {
    return [];
  }
}

function stackOf(scope: IConstruct): TerraformStack | undefined {
  return scope.node.scopes.find((each): each is TerraformStack => TerraformStack.isStack(each));
}

function postpone(scope: IConstruct, error: ValidationError): void {
  const { root } = scope.node;
  const known = postponed.get(root);
  if (known === undefined) postponed.set(root, [error]);
  else known.push(error);
  // The first stack of the program is synthesized first; a test may look at this one alone.
  const first = root.node.findAll().find((each) => TerraformStack.isStack(each));
  const stacks = [first, stackOf(scope)].filter((stack) => stack !== undefined);
  // A cluster that exists may be made before any stack, and then no synth would ask.
  if (stacks.length === 0) throw everythingWrong(root);
  for (const stack of stacks) {
    if (watched.has(stack)) continue;
    watched.add(stack);
    Aspects.of(stack).add({
      visit: () => {
        throwPostponed(root);
      },
    });
  }
}

/** Collects the failures of one constructor, so that a user sees all of them at once. */
export class Validation {
  private readonly failures: Failure[] = [];

  constructor(private readonly scope: IConstruct) {}

  /** Records `failure` unless `ok`. */
  require(ok: boolean, failure: Failure): void {
    if (!ok) this.failures.push(failure);
  }

  add(...failures: readonly Failure[]): void {
    this.failures.push(...failures);
  }

  /** An integer within a closed range; left out and unresolved tokens pass. */
  integer(property: string, value: number | undefined, min: number, max: number, cure: string): void {
    if (value === undefined || Token.isUnresolved(value)) return;
    const ok = Number.isInteger(value) && value >= min && value <= max;
    this.require(ok, { property, rule: `must be a whole number from ${min} to ${max}`, got: value, cure });
  }

  /**
   * Whether nothing was recorded. Otherwise it is an error of synth, which reports those of all constructs at once. The constructor leaves
   * out what it would do to others, or goes on with values that do no harm.
   */
  passes(): boolean {
    if (this.failures.length === 0) return true;
    refused.add(this.scope);
    postpone(this.scope, new ValidationError(this.scope, this.failures));
    return false;
  }

  /** For what can't go on at all: throws everything that was recorded, of other constructs as well. */
  finish(): void {
    if (!this.passes()) throw everythingWrong(this.scope.node.root);
  }
}
