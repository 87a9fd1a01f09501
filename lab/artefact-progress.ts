/** Derives the progress of a build from what `go` prints on stderr. */
export class GoProgress {
  private readonly started = Date.now();
  private downloaded = 0;
  private compiled = 0;
  private total = 0;
  private last = "";
  private rest = "";
  private readonly complaints: string[] = [];

  /** @param title what is built, at the start of each line */
  constructor(private readonly title: string) {}

  /** How many packages the build is made of. */
  expect(total: number): void {
    this.total = total;
  }

  /** Takes a piece of the output: `go: downloading MODULE VERSION`, a package as it is compiled, or a complaint. */
  read(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("go: downloading ")) {
        this.downloaded++;
        this.last = line.slice("go: downloading ".length);
      } else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) {
        this.compiled++;
        this.last = line;
      } else if (line.trim() !== "" && !line.startsWith("#")) this.complaints.push(line.trim());
    }
  }

  /** One line for the user; it changes at least with the time. */
  line(now = Date.now()): string {
    const seconds = Math.floor((now - this.started) / 1000);
    const elapsed = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    // Go reports neither packages that it has from an earlier build, nor the last step, linking.
    const step =
      this.total === 0
        ? `${this.downloaded} modules fetched`
        : `${this.compiled} of at most ${this.total} packages compiled`;
    return `${this.title}: ${step}, ${elapsed}${this.last === "" ? "" : ` (${this.last})`}`;
  }

  percent(): number {
    return this.total === 0 ? 0 : Math.min(99, Math.floor((100 * this.compiled) / this.total));
  }

  /** Everything that was neither a download nor a package. */
  errors(): string[] {
    return [...this.complaints, ...(this.rest.trim() === "" ? [] : [this.rest.trim()])];
  }
}
