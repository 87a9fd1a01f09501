/** Lines on standard error that say what is measured now, and since when. */
export class Progress {
  private readonly start = Date.now();

  say(what: string): void {
    console.error(`${elapsed(Date.now() - this.start)} ${what}`);
  }
}

/** `1:05` for 65 seconds. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
