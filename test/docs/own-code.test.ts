import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

// Each module that a library could replace has its reason in a table.

const PROJECT = join(__dirname, "..", "..");
const LIMIT = 80;

test.each([
  ["cli", "architecture.md"],
  ["lab", "lab.md"],
])("every module of %s/ above 80 lines is in the table of own code in %s", (folder, page) => {
  const [, section = ""] = readFileSync(join(PROJECT, "docs", page), "utf8").split("\n## Own code\n");
  const table = section.split("\n## ")[0] ?? "";
  const named = [...table.matchAll(/`([\w./-]+(?:\.\w+|\/))`/g)].map(([, name = ""]) =>
    name.replace(/^(cli|lab)\//, ""),
  );
  const long = modules(join(PROJECT, folder)).filter((file) => linesOf(join(PROJECT, folder, file)) > LIMIT);
  expect(long.length).toBeGreaterThan(20);
  const isNamed = (file: string): boolean =>
    named.some((name) => name === file || (name.endsWith("/") && file.startsWith(name)));
  expect(long.filter((file) => !isNamed(file))).toEqual([]);
});

/** Files of a folder that hold code, as paths in it. */
function modules(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = join(below, name);
    if (statSync(join(folder, path)).isDirectory()) return modules(folder, path);
    return /\.(ts|js|py|c)$/.test(name) ? [path] : [];
  });
}

function linesOf(file: string): number {
  return readFileSync(file, "utf8").split("\n").length - 1;
}
