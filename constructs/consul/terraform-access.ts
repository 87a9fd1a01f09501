import { IConstruct } from "constructs";
import { WholeProgram } from "../private/whole-program";
import { AccessRule } from "./render/access";

const needed = new WholeProgram<readonly AccessRule[], readonly AccessRule[]>((all) =>
  all.flatMap(({ what }) => what).sort((a, b) => (a.on < b.on ? -1 : 1)),
);

/** Tells what Terraform must be allowed to do for a construct. */
export function needRules(by: IConstruct, rules: readonly AccessRule[]): void {
  needed.tell(by, [...(needed.toldBy(by) ?? []), ...rules]);
}

/** The rules of everything below a scope, which is usually a stack. */
export function neededRules(scope: IConstruct): readonly AccessRule[] {
  return needed.below(scope);
}
