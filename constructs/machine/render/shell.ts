/** A POSIX shell word that stands for exactly this text. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** {@link shellQuote} where a shell would read anything into it; a plain word stays readable. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : shellQuote(text);
}

/** Words of a command, one after the other. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

/** A shell pattern: everything is quoted but `*`, `?` and what stands in brackets. */
export function shellPattern(pattern: string): string {
  return pattern
    .split(/([*?[\]-]+)/)
    .map((part, index) => (index % 2 === 1 || part === "" ? part : shellWord(part)))
    .join("");
}
