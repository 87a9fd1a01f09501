/** A pseudo-terminal without a size, such as `script` and some CI systems make, would get one character a line. */
export function assumeTerminalSize(
  terminal: { isTTY?: boolean; columns: number; rows: number } = process.stdout,
): void {
  if (!terminal.isTTY) return;
  terminal.columns ||= 80;
  terminal.rows ||= 24;
}
