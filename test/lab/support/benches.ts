import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { BOOT, MINUTES } from "./waiting";

const VIPSTACK = join(__dirname, "..", "..", "..", "dist", "cli", "vipstack.js");

/**
 * Runs benches of a test file, once and as short as they can be: they work, and what they write makes sense. How fast anything is, is none of
 * its business. They have a folder of their own that goes with the file.
 */
export class Benches {
  private readonly folder = mkdtempSync(join(tmpdir(), "vipstack-lab-test-bench-"));

  constructor() {
    afterAll(() => {
      rmSync(this.folder, { recursive: true });
    });
  }

  /** @returns the table, and what is in the file of all runs */
  async run(name: string, ...words: string[]): Promise<{ text: string; results: unknown }> {
    const running = execa("node", [VIPSTACK, "bench", name, ...words, "--output", this.folder], {
      // The folder of its machines, so that no other bench of this host has the same.
      env: { TMPDIR: this.folder, CI: "true" },
    });
    // Before the test's own time is over, so that no machine is left: the bench takes its lab down then, and this waits for it.
    const late = setTimeout(
      () => {
        running.kill("SIGTERM", { forceKillAfterTimeout: false });
      },
      2 * BOOT - 2 * MINUTES,
    );
    const { stdout } = await running.finally(() => {
      clearTimeout(late);
    });
    return { text: stdout, results: JSON.parse(readFileSync(join(this.folder, `${name}.json`), "utf8")) as unknown };
  }

  /** The format of a picture, as its first bytes tell it. */
  formatOf(picture: string): string {
    return readFileSync(join(this.folder, picture)).subarray(1, 4).toString("latin1");
  }
}
