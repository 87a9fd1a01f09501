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

/** The stack's JSON with what differs from machine to machine masked: paths of the checkout, provider versions. */
export function maskedJson(json: object): string {
  const text = JSON.stringify(json, null, 2)
    .replaceAll(resolve(__dirname, "..", ".."), "<project>")
    .replace(/("version": )"[0-9.]+"/g, '$1"<version>"');
  return `${text}\n`;
}
