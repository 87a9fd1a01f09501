/** The widest that a text is with the fonts in use (DejaVu Sans is the widest of them), in pixels: nothing is measured. */
export function textWidth(text: string, size: number): number {
  let units = 0;
  for (const character of text) units += widthOf(character);
  return Math.ceil(units * size);
}

function widthOf(character: string): number {
  if (/[ijltfr.,:;'|!()[\] /]/.test(character)) return 0.42;
  if (/[mwMW@%…→·×]/.test(character)) return 1;
  if (/[A-Z]/.test(character)) return 0.78;
  return character <= "~" ? 0.66 : 1;
}

/** A text of at most so many characters: the end is left out. */
export function shortened(text: string, characters = 44): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
