/** Whether this is `npm run test:long`, which repeats what a single run shows only by chance. */
export const LONG = process.env.VIPSTACK_LONG === "yes";

/** The numbers of the runs of a test: one in `npm test`, so many in `npm run test:long`. */
export function runsOf(long: number): number[] {
  return Array.from({ length: LONG ? long : 1 }, (_, index) => index + 1);
}
