import { Annotations, Aspects } from "cdktf";
import { IConstruct } from "constructs";
import { describeFailure, Failure } from "./failure";
import { checkAtSynth, Validation } from "./validation";

/** A refusal that applies: legal for the tools, but it can't work. @typeParam R the enum of its names */
export interface Finding<R extends string> {
  readonly refusal: R;
  readonly failure: Failure;
}

export interface AcknowledgementProps<R extends string> {
  /** What the user accepts. */
  readonly refusals: readonly R[];
  /** The enum of the names, as users write it: `Refusal`. */
  readonly type: string;
  /** What only the whole program shows; called at synth. */
  readonly later: () => readonly Finding<R>[];
  /** What works now and may fail later, where only the whole program shows it; called at synth. @default - nothing */
  readonly warnings?: () => readonly { readonly refusal: R; readonly message: string }[];
}

/** The refusals that the user of a construct accepts: each becomes a warning, and so does one that did not apply. */
export class Acknowledgement<R extends string> {
  private readonly applied = new Set<R>();

  constructor(
    private readonly owner: IConstruct,
    private readonly props: AcknowledgementProps<R>,
  ) {
    const { later, warnings, refusals } = props;
    // Most constructs accept nothing, and then there is nothing to warn of.
    if (refusals.length > 0 || warnings !== undefined)
      Aspects.of(owner).add({
        visit: (node) => {
          if (node !== owner) return;
          for (const finding of later().filter(({ refusal }) => this.covers(refusal))) this.accept(owner, finding);
          for (const { refusal, message } of warnings?.() ?? []) this.warn(owner, refusal, message);
          this.warnOfUnused();
        },
      });
    checkAtSynth(owner, () => this.refused(later()).map(describeFailure));
  }

  /** Whether the user accepts it. */
  covers(refusal: R): boolean {
    return this.props.refusals.includes(refusal);
  }

  /** The findings that are not acknowledged, with the way to do it. */
  refused(findings: readonly Finding<R>[]): Failure[] {
    return findings
      .filter(({ refusal }) => !this.covers(refusal))
      .map(({ refusal, failure }) => ({
        ...failure,
        cure: `${failure.cure}; to build it nevertheless, ${acknowledging(this.props.type, refusal)}`,
      }));
  }

  /** Warns of what was acknowledged, records the rest as failures. */
  judge(scope: IConstruct, validation: Validation, findings: readonly Finding<R>[]): void {
    for (const finding of findings) if (this.covers(finding.refusal)) this.accept(scope, finding);
    validation.add(...this.refused(findings));
  }

  /** Warns of what works now and may fail later; acknowledged it is silent. */
  warn(scope: IConstruct, refusal: R, message: string): void {
    if (this.covers(refusal)) this.applied.add(refusal);
    else
      Annotations.of(scope).addWarning(
        `${message}; to have it without a warning, ${acknowledging(this.props.type, refusal)}`,
      );
  }

  private accept(scope: IConstruct, { refusal, failure }: Finding<R>): void {
    this.applied.add(refusal);
    Annotations.of(scope).addWarning(`acknowledged ${refusal}: ${describeFailure(failure)}`);
  }

  private warnOfUnused(): void {
    for (const refusal of this.props.refusals) {
      if (this.applied.has(refusal)) continue;
      Annotations.of(this.owner).addWarning(`'acknowledge' names ${refusal}, which does not apply here: leave it out`);
    }
  }
}

function acknowledging(type: string, refusal: string): string {
  return `acknowledge: [${type}.${refusal.toUpperCase().replaceAll("-", "_")}]`;
}
