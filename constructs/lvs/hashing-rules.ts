import { Finding, Refusal } from "./refusal";

interface Hashing {
  readonly word: string;
  readonly flags: readonly string[];
}

const CURES: Readonly<Record<string, string>> = {
  dh: "use Scheduler.LOCALITY_BASED_LEAST_CONNECTION, which keeps a destination with its real server and gives it another one where that takes none",
  sh: "use Scheduler.sourceHashing(), whose fallback gives them another one",
  mh: "use Scheduler.maglevHashing(), whose fallback gives them another one",
};

/** What to do about a scheduler that asks no other real server where the hashed one takes no new connection. */
function cureOf({ word, flags }: Hashing): string | undefined {
  return flags.includes(`${word}-fallback`) ? undefined : CURES[word];
}

/** What a real server can't be with a scheduler that hashes and has no fallback. */
export function hashingFindings(
  scheduler: Hashing,
  { weight, upperThreshold }: { readonly weight: number; readonly upperThreshold?: number },
): Finding[] {
  const cure = cureOf(scheduler);
  if (cure === undefined) return [];
  const finding = (property: string, rule: string, got: number): Finding => ({
    refusal: Refusal.HASHING_WITHOUT_FALLBACK,
    failure: { property, rule, got, cure },
  });
  const refused = `with ${scheduler.word} without fallback, because clients that hash to this real server`;
  return [
    ...(weight === 0
      ? [finding("weight", `can't be 0 ${refused} are then refused, whatever others could serve`, 0)]
      : []),
    ...(upperThreshold === undefined
      ? []
      : [finding("upperThreshold", `can't be given ${refused} are refused while it is reached`, upperThreshold)]),
  ];
}

/** The warning about such a scheduler where nothing is wrong yet. */
export function hashingWarning(scheduler: Hashing): string | undefined {
  const cure = cureOf(scheduler);
  return cure === undefined
    ? undefined
    : `'scheduler' is ${scheduler.word} without fallback: while a real server drains, clients that hash to it are refused: ${cure}`;
}
