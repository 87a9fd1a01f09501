/**
 * The schedulers that ipvsadm and the rules program on a director take (SCHEDULERS of node/ipvs_table.py; a test compares the
 * two): a word that one of them doesn't know would make all rules of that director wrong.
 *
 * @see https://manpages.debian.org/ipvsadm.8
 */
export const SCHEDULER_WORDS: readonly string[] = "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos".split(" ");

/** What `--sched-flags` takes with a scheduler. */
export function flagsOf(word: string): string[] {
  if (word === "sh" || word === "mh") return [`${word}-fallback`, `${word}-port`];
  return ["flag-1", "flag-2", "flag-3"];
}
