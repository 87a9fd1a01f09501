/** Things by words that stand for what two of them can't both have, so that who looks for such another one meets few. */
export class ByWord<T> {
  private readonly places = new Map<string, number[]>();

  constructor(
    private readonly all: readonly T[],
    wordsOf: (each: T) => readonly string[],
  ) {
    all.forEach((each, place) => {
      for (const word of new Set(wordsOf(each))) {
        const found = this.places.get(word);
        if (found === undefined) this.places.set(word, [place]);
        else found.push(place);
      }
    });
  }

  /** Those with any of the words, each once, in their order. */
  with(words: readonly string[]): T[] {
    const found = new Set(words.flatMap((word) => this.places.get(word) ?? []));
    return [...found].sort((a, b) => a - b).flatMap((place) => this.all[place] ?? []);
  }
}
