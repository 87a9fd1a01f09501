import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { runTasks as RunTasks } from "../../cli/progress";

const before = { ...process.env };
delete before.FORCE_COLOR;
delete before.NO_COLOR;
const { isTTY } = process.stdout;
afterEach(() => {
  process.env = { ...before };
  process.stdout.isTTY = isTTY;
  jest.restoreAllMocks();
});

/** What the progress of a task prints into a pipe. @param looks whether colours are left out as the command line does it */
async function progress(looks: boolean): Promise<string> {
  process.env = { ...before };
  process.stdout.isTTY = false;
  let text = "";
  const take = (part: unknown): boolean => {
    text += String(part);
    return true;
  };
  jest.spyOn(process.stdout, "write").mockImplementation(take);
  jest.spyOn(process.stderr, "write").mockImplementation(take);
  let run: Promise<void> | undefined;
  jest.isolateModules(() => {
    if (looks) jest.requireActual("../../cli/colours");
    const { runTasks } = jest.requireActual<{ runTasks: typeof RunTasks }>("../../cli/progress");
    run = runTasks([{ title: "a task", task: () => undefined }]);
  });
  await run;
  return text;
}

test("a pipe gets no colours, where listr2 would write some", async () => {
  expect(await progress(false)).toContain("\u001b[3");
  jest.restoreAllMocks();
  const text = await progress(true);
  expect(text).toContain("a task");
  expect(text).not.toContain("\u001b[");
});

test.each<[string, NodeJS.ProcessEnv, boolean, "1" | undefined]>([
  ["a pipe", {}, false, "1"],
  ["a terminal", {}, true, undefined],
  ["a terminal whose user wants none", { NO_COLOR: "1" }, true, "1"],
  ["a pipe whose user wants colours", { FORCE_COLOR: "1" }, false, undefined],
  ["a terminal whose user says so in another way", { FORCE_COLOR: "0" }, true, "1"],
])("NO_COLOR for %s", (_, environment, isTerminal, expected) => {
  const { withoutColours } = jest.requireActual<typeof import("../../cli/colours")>("../../cli/colours");
  withoutColours(environment, { isTTY: isTerminal });
  expect([environment.NO_COLOR, environment.LISTR_DISABLE_COLOR]).toEqual([expected, expected]);
});

test("the command line looks before anything else is loaded", () => {
  const source = readFileSync(join(__dirname, "..", "..", "cli", "main.ts"), "utf8");
  expect(/^import .*$/m.exec(source)?.[0]).toBe('import "./colours";');
});

test("no other file writes colours itself, and tables have none", () => {
  const root = join(__dirname, "..", "..");
  const files = ["cli", "lab"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name}`),
  );
  const texts = files.map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
  expect(texts.filter(({ text }) => /\\(x1b|u001b|033)\[[0-9;]*m/.test(text)).map(({ file }) => file)).toEqual([]);
  const tables = texts.filter(({ text }) => text.includes("new Table("));
  expect(tables.length).toBeGreaterThan(2);
  for (const { text } of tables)
    expect(text.match(/head: \[\], border: \[\]/g)?.length).toBe(text.match(/new Table\(/g)?.length);
});
