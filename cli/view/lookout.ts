/** Looks again and again, but only while it is watched. */
export class Lookout {
  private timer?: NodeJS.Timeout;
  private watched = false;
  private looking = false;

  /**
   * @param look one look; it must not reject
   * @param milliseconds from the end of a look to the next one
   */
  constructor(
    private readonly look: () => Promise<void>,
    private readonly milliseconds: number,
  ) {}

  start(): void {
    this.watched = true;
    // A look that still runs goes on by itself.
    if (!this.looking) this.again();
  }

  stop(): void {
    this.watched = false;
    clearTimeout(this.timer);
  }

  private again(): void {
    clearTimeout(this.timer);
    this.looking = true;
    void this.look().finally(() => {
      this.looking = false;
      if (!this.watched) return;
      this.timer = setTimeout(() => {
        this.again();
      }, this.milliseconds);
    });
  }
}
