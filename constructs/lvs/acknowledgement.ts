import { Annotations, Aspects } from "cdktf";
import { IConstruct } from "constructs";
import { describeFailure } from "../private/failure";
import { Validation } from "../private/validation";
import { Finding, Refusal } from "./refusal";

/** The refusals that somebody wants to see fail: each becomes a warning, and so does one that nothing here needed. */
export class Acknowledgement {
  private readonly met = new Set<Refusal>();

  constructor(
    private readonly owner: IConstruct,
    private readonly refusals: readonly Refusal[],
  ) {
    Aspects.of(owner).add({
      visit: (node) => {
        if (node === owner) this.warnOfUnmet();
      },
    });
  }

  /** Warns of what was acknowledged, records the rest as failures. */
  judge(scope: IConstruct, validation: Validation, findings: readonly Finding[]): void {
    for (const { refusal, failure } of findings) {
      if (this.refusals.includes(refusal)) {
        this.met.add(refusal);
        Annotations.of(scope).addWarning(`acknowledged ${refusal}: ${describeFailure(failure)}`);
      } else {
        validation.add({ ...failure, cure: `${failure.cure}; to build it nevertheless, ${acknowledging(refusal)}` });
      }
    }
  }

  /** Warns of what may come to be; acknowledged it is silent. */
  warn(scope: IConstruct, refusal: Refusal, message: string): void {
    if (this.refusals.includes(refusal)) this.met.add(refusal);
    else Annotations.of(scope).addWarning(`${message}; to have it without a warning, ${acknowledging(refusal)}`);
  }

  private warnOfUnmet(): void {
    for (const refusal of this.refusals) {
      if (this.met.has(refusal)) continue;
      Annotations.of(this.owner).addWarning(`'acknowledge' names ${refusal}, which does not apply here: leave it out`);
    }
  }
}

function acknowledging(refusal: Refusal): string {
  return `acknowledge: [Refusal.${refusal.toUpperCase().replaceAll("-", "_")}]`;
}
