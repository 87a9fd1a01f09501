import { Token } from "cdktf";
import { IConstruct } from "constructs";
import { describeFailure, Failure } from "./failure";

/** Every error this library throws at synth: construct path first, then each failure with its cure. */
export class ValidationError extends Error {
  readonly constructPath: string;
  readonly failures: readonly Failure[];

  constructor(scope: IConstruct, failures: readonly Failure[]) {
    const path = scope.node.path;
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

  /** Throws everything that was recorded; does nothing where nothing was. */
  finish(): void {
    if (this.failures.length > 0) throw new ValidationError(this.scope, this.failures);
  }
}
