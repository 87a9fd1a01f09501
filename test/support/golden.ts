import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const FOLDER = join(__dirname, "..", "golden");

/**
 * Compares a text with its file in test/golden, which people review. `UPDATE_GOLDEN=1 npx jest` writes the files anew;
 * in CI a missing one is a failure.
 */
export function expectGolden(name: string, text: string): void {
  const file = join(FOLDER, name);
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  if (!existsSync(file)) throw new Error(`test/golden/${name} is missing: UPDATE_GOLDEN=1 npx jest writes it`);
  expect(text).toBe(readFileSync(file, "utf8"));
}

/**
 * As {@link expectGolden} for a text that is much like another one: its file holds only what differs, as `diff` writes it, and proves the
 * whole text.
 *
 * @param base the other one's file
 */
export function expectGoldenDifference(name: string, base: string, text: string): void {
  const file = join(FOLDER, name);
  const other = join(FOLDER, base);
  if (process.env.UPDATE_GOLDEN === "1") {
    const { stdout } = spawnSync("diff", ["-U1", "--label", base, "--label", name, other, "-"], { input: text });
    writeFileSync(file, stdout);
  }
  if (!existsSync(file)) throw new Error(`test/golden/${name} is missing: UPDATE_GOLDEN=1 npx jest writes it`);
  expect(text).toBe(patched(readFileSync(other, "utf8"), readFileSync(file, "utf8")));
}

/** A text with what differs by a unified diff. */
function patched(text: string, difference: string): string {
  const lines = text.split("\n");
  const made: string[] = [];
  let at = 0;
  for (const line of difference.split("\n").slice(2)) {
    const [, from, count] = /^@@ -(\d+)(?:,(\d+))? /.exec(line) ?? [];
    if (from !== undefined) {
      const next = Number(from) - (count === "0" ? 0 : 1);
      made.push(...lines.slice(at, next));
      at = next;
    } else if (line.startsWith("+")) made.push(line.slice(1));
    else if (line !== "") {
      if (lines[at] !== line.slice(1))
        throw new Error(`the difference has '${line.slice(1)}', the text '${lines[at]}'`);
      if (line.startsWith(" ")) made.push(line.slice(1));
      at += 1;
    }
  }
  return [...made, ...lines.slice(at)].join("\n");
}

/** The stack's JSON with what differs from machine to machine masked: paths of the checkout, provider versions. */
export function maskedJson(json: object): string {
  const text = JSON.stringify(json, null, 2)
    .replaceAll(resolve(__dirname, "..", ".."), "<project>")
    .replace(/("version": )"[0-9.]+"/g, '$1"<version>"');
  return `${text}\n`;
}
