/** One broken rule: which property, the rule, the value got, and what to do instead. Pure, so that text modules can return it. */
export interface Failure {
  /** The property as the caller wrote it. */
  readonly property: string;
  /** The rule in the words `must …` or `can't …`. */
  readonly rule: string;
  /** The value that broke the rule; left out if the rule is about a combination. */
  readonly got?: unknown;
  /** What to change. */
  readonly cure: string;
}

/** `'weight' must be a whole number from 0 to 65535, got 70000: choose a smaller one` */
export function describeFailure({ property, rule, got, cure }: Failure): string {
  const value = got === undefined ? "" : `, got ${JSON.stringify(got)}`;
  return `'${property}' ${rule}${value}: ${cure}`;
}
