import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

// A project of the same shape, whose compiler only says that it was called.
const SCRIPTS = join(__dirname, "..", "..", "scripts");
const SOURCES = ["constructs", "stacks", "inventory", "lab", "cli", "scripts", "examples", "test/lab/programs"];
const SETTINGS = ["package-lock.json", "tsconfig.json", "tsconfig.build.json"];
const project = mkdtempSync(join(tmpdir(), "vipstack-bootstrap-"));
const at = (path: string): string => join(project, path);
const write = (path: string, text: string): void => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
};

beforeAll(() => {
  for (const folder of SOURCES) write(`${folder}/one.ts`, "1");
  write("main.ts", "1");
  write("lab/init.c", "1");
  write("constructs/lvs/programs/a.py", "1");
  for (const file of SETTINGS) write(file, "{}");
  write("package.json", JSON.stringify({ engines: { node: ">=18" } }));
  copyFileSync(join(SCRIPTS, "bootstrap.js"), at("scripts/bootstrap.js"));
  write("scripts/copy-programs.js", "");
  mkdirSync(at("dist"));
  write("compiler-exit-code", "0");
  write("compiler-says", "constructs/one.ts(1,1): error TS1: no");
  write(
    "node_modules/typescript/bin/tsc",
    `const fs = require("node:fs");
fs.appendFileSync("compiled", "x");
const code = Number(fs.readFileSync("compiler-exit-code", "utf8"));
if (code !== 0) console.log(fs.readFileSync("compiler-says", "utf8"));
process.exit(code);`,
  );
});
afterAll(() => {
  rmSync(project, { recursive: true });
});

/**
 * Runs a program after the bootstrap.
 *
 * @param more words of its command line
 * @returns how often the compiler was started, and the exit code
 */
function run(...more: string[]): { compiled: number; code: number | null } {
  write("compiled", "");
  const words = [at("scripts/bootstrap.js"), "--installed", process.execPath, "-e", "process.exitCode = 7", ...more];
  const { status } = spawnSync(process.execPath, words);
  return { compiled: readFileSync(at("compiled"), "utf8").length, code: status };
}

test("nothing is compiled where nothing has changed, and the program's exit code is passed on", () => {
  expect(run()).toEqual({ compiled: 1, code: 7 });
  expect(run()).toEqual({ compiled: 0, code: 7 });
});

test.each([...SOURCES.map((folder) => `${folder}/one.ts`), "main.ts", "lab/init.c", "constructs/lvs/programs/a.py"])(
  "a change of %s is compiled before the program runs",
  (path) => {
    expect(run().compiled).toBe(0);
    write(path, "22");
    expect(run().compiled).toBe(1);
    expect(run().compiled).toBe(0);
  },
);

test.each([...SETTINGS, "package.json"])("so is one of %s", (path) => {
  write(path, `${readFileSync(at(path), "utf8")} `);
  expect(run().compiled).toBe(1);
  expect(run().compiled).toBe(0);
});

test("so are another text of the same size, an older file, a new one, and one that is gone", () => {
  utimesSync(at("main.ts"), new Date(), new Date(Date.now() + 5_000));
  expect(run().compiled).toBe(1);
  utimesSync(at("main.ts"), new Date(), new Date(1_000_000));
  expect(run().compiled).toBe(1);
  write("cli/deeper/two.ts", "");
  expect(run().compiled).toBe(1);
  rmSync(at("cli/deeper/two.ts"));
  expect(run().compiled).toBe(1);
  expect(run().compiled).toBe(0);
});

test("after an error it is compiled again, and nothing runs in the meantime", () => {
  write("compiler-exit-code", "2");
  write("main.ts", "333");
  expect(run()).toEqual({ compiled: 1, code: 2 });
  expect(run()).toEqual({ compiled: 1, code: 2 });
  write("compiler-exit-code", "0");
  expect(run()).toEqual({ compiled: 1, code: 7 });
  expect(run()).toEqual({ compiled: 0, code: 7 });
});

test.each([
  ["another example, which still runs", ["up", "weights"], 7],
  ["an example while the main program runs", ["up"], 7],
  ["the example itself", ["up", "udp"], 2],
  ["an example while all of them are tested", ["scripts/test.js"], 2],
])("an unused import in %s", (_, words, code) => {
  write("compiler-exit-code", "2");
  write("compiler-says", "examples/udp/main.ts(4,10): error TS6133: 'Weight' is declared but its value is never read.");
  write("examples/one.ts", "unused");
  // It is compiled again each time, so that the error is shown until it is gone.
  for (const compiled of [1, 1]) expect(run(...words)).toEqual({ compiled, code });
  write("compiler-says", "constructs/one.ts(1,1): error TS1: no");
  expect(run(...words).code).toBe(2);
  write("compiler-exit-code", "0");
  expect(run(...words).code).toBe(7);
});

test("the sources that are looked at are those that are compiled", () => {
  const { include } = JSON.parse(readFileSync(join(SCRIPTS, "..", "tsconfig.build.json"), "utf8")) as {
    include: string[];
  };
  expect([...include].sort()).toEqual([...SOURCES, "main.ts"].sort());
});
