import { Annotations, Aspects } from "cdktf";
import { IConstruct } from "constructs";
import { describeFailure, Failure } from "../private/failure";
import { Validation } from "../private/validation";
import { Finding, Refusal } from "./refusal";

/** The refusals that the user accepts: each becomes a warning, and so does one that did not apply. */
export class Acknowledgement {
  private readonly met = new Set<Refusal>();

  /** @param later what only the whole program shows; it is asked at synth */
  constructor(
    private readonly owner: IConstruct,
    private readonly refusals: readonly Refusal[],
    later: () => readonly Finding[],
  ) {
    Aspects.of(owner).add({
      visit: (node) => {
        if (node !== owner) return;
        for (const finding of later().filter(({ refusal }) => this.covers(refusal))) this.meet(owner, finding);
        this.warnOfUnmet();
      },
    });
    owner.node.addValidation({
      validate: () =>
        later()
          .filter(({ refusal }) => !this.covers(refusal))
          .map((finding) => describeFailure(acknowledgeable(finding))),
    });
  }

  /** Whether it was named. */
  covers(refusal: Refusal): boolean {
    return this.refusals.includes(refusal);
  }

  /** Warns of what was acknowledged, records the rest as failures. */
  judge(scope: IConstruct, validation: Validation, findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (this.covers(finding.refusal)) this.meet(scope, finding);
      else validation.add(acknowledgeable(finding));
    }
  }

  /** Warns of what may come to be; acknowledged it is silent. */
  warn(scope: IConstruct, refusal: Refusal, message: string): void {
    if (this.covers(refusal)) this.met.add(refusal);
    else Annotations.of(scope).addWarning(`${message}; to have it without a warning, ${acknowledging(refusal)}`);
  }

  private meet(scope: IConstruct, { refusal, failure }: Finding): void {
    this.met.add(refusal);
    Annotations.of(scope).addWarning(`acknowledged ${refusal}: ${describeFailure(failure)}`);
  }

  private warnOfUnmet(): void {
    for (const refusal of this.refusals) {
      if (this.met.has(refusal)) continue;
      Annotations.of(this.owner).addWarning(`'acknowledge' names ${refusal}, which does not apply here: leave it out`);
    }
  }
}

function acknowledgeable({ refusal, failure }: Finding): Failure {
  return { ...failure, cure: `${failure.cure}; to build it nevertheless, ${acknowledging(refusal)}` };
}

function acknowledging(refusal: Refusal): string {
  return `acknowledge: [Refusal.${refusal.toUpperCase().replaceAll("-", "_")}]`;
}
