/** Seconds that a change may take. */
export interface Budget {
  readonly usual: number;
  readonly worst: number;
}

/** Sums of a table that vipstack wrote of one service: `jobs/NAME.convergence.txt`. */
export interface Budgets {
  readonly scaleOut: Budget;
  readonly scaleIn: Budget;
  readonly failure: Budget;
}

/** @throws Error where the text is another one */
export function readBudgets(table: string): Budgets {
  const sums = [...table.matchAll(/^ {2}in all +([\d.]+)s +([\d.]+)s$/gm)];
  const [scaleOut, scaleIn, failure] = sums.map(([, usual, worst]) => ({ usual: Number(usual), worst: Number(worst) }));
  if (scaleOut === undefined || scaleIn === undefined || failure === undefined)
    throw new Error(`this is no table of a service's convergence:\n${table}`);
  return { scaleOut, scaleIn, failure };
}
