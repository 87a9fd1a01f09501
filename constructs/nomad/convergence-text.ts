import { Hop } from "../lvs";

export { Convergence, Hop } from "../lvs";

/** Of all hops. */
export function worst(hops: readonly Hop[]): number {
  return hops.reduce((sum, hop) => sum + hop.worst, 0);
}
