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
    const lines = failures.map(describeFailure);
    super(
      lines.length === 1
        ? `${path}: ${lines.join("")}`
        : `${path}: ${lines.length} problems\n${lines.map((line) => `  - ${line}`).join("\n")}`,
    );
    this.name = "ValidationError";
    this.constructPath = path;
    this.failures = failures;
  }
}

/** What constructs of one program recorded for synth, by the root of its tree. */
const postponed = new WeakMap<IConstruct, ValidationError[]>();

/**
 * Throws what constructs recorded by {@link Validation.passes}: that one error as it is, or all of them in one. Synth reads nothing of a
 * machine before, since what was refused may be of no shape.
 */
export function throwPostponed(scope: IConstruct): void {
  const all = postponed.get(scope.node.root) ?? [];
  const [first] = all;
  if (first !== undefined) throw all.length === 1 ? first : together(all);
}

function together(all: readonly ValidationError[]): Error {
  const lines = all.map(({ message }) => `  ${message.replaceAll("\n", "\n  ")}`);
  const error = new Error(`${all.length} parts of the program are refused:\n${lines.join("\n")}`);
  error.name = "ValidationError";
  return error;
}

function postpone(scope: IConstruct, error: ValidationError): void {
  const { root } = scope.node;
  const known = postponed.get(root);
  if (known === undefined) postponed.set(root, [error]);
  else known.push(error);
  // The first stack of the program is synthesized first; a test may look at this one alone.
  const first = root.node.findAll().find((each) => TerraformStack.isStack(each));
  for (const stack of new Set([first ?? root, TerraformStack.of(scope)]))
    Aspects.of(stack).add({
      visit: () => {
        throwPostponed(root);
      },
    });
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
   * Whether nothing was recorded. Otherwise it is an error of synth, which reports those of all constructs at once; until then the
   * construct is without effect, so that the constructor has to leave out what it would do to others.
   */
  passes(): boolean {
    if (this.failures.length > 0) postpone(this.scope, new ValidationError(this.scope, this.failures));
    return this.failures.length === 0;
  }

  /** For constructs that others can't go on without: throws everything that was recorded, what waits for synth as well. */
  finish(): void {
    if (this.failures.length === 0) return;
    const error = new ValidationError(this.scope, this.failures);
    const before = postponed.get(this.scope.node.root) ?? [];
    throw before.length === 0 ? error : together([...before, error]);
  }
}
