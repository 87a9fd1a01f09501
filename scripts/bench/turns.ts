/** The candidates in the order of a turn: each turn begins with the next one, so that none always comes first. @param run from 1 */
export function inTurn<T>(candidates: readonly T[], run: number): T[] {
  const first = (run - 1) % candidates.length;
  return [...candidates.slice(first), ...candidates.slice(0, first)];
}
