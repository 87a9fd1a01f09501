import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { PORT_SETTINGS } from "../../cli/ports";
import { DEFAULTS } from "../../lab/offline/catalogue";
import { switchOf } from "../../lab/offline/program-files";

const PROJECT = join(__dirname, "..", "..");
const page = readFileSync(join(PROJECT, "docs", "settings.md"), "utf8");
const onPage = new Set([...page.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name]) => name!));

const sources = ["constructs", "cli", "lab", "inventory", "stacks", "examples", "main.ts"].flatMap((path) =>
  filesOf(join(PROJECT, path)),
);
const texts = sources.map((file) => readFileSync(file, "utf8"));

/** Between the lab's own processes, and of the system. */
const INTERNAL = /^(LAB_|PATH$)/;

test("every variable that the code reads is on the page, and every one of ours on the page is read", () => {
  const read = texts.flatMap((text) => [...text.matchAll(/process\.env\.([A-Z][A-Z0-9_]+)/g)].map(([, name]) => name!));
  const switches = DEFAULTS.filter(({ archive, internal }) => archive !== true && internal !== true).map(({ name }) =>
    switchOf(name),
  );
  const known = new Set([...read.filter((name) => !INTERNAL.test(name)), ...switches]);
  expect(known.size).toBeGreaterThan(20);
  expect([...known].filter((name) => !onPage.has(name))).toEqual([]);
  expect([...onPage].filter((name) => name.startsWith("VIPSTACK_") && !known.has(name))).toEqual([]);
});

test("every port that this project's programs forward is on the page, with the variable that moves it", () => {
  const forwards = texts.flatMap((text) =>
    [...text.matchAll(/listen: Number\(process\.env\.(\w+) \?\? "(\d+)"\)/g)].map(([, name, port]) => ({ name, port })),
  );
  expect(forwards.length).toBeGreaterThan(5);
  // What moves a port is the same in the message about one that is taken.
  expect(new Map(forwards.map(({ name, port }) => [port, name]))).toEqual(new Map(Object.entries(PORT_SETTINGS)));
  for (const { name, port } of forwards) expect(page).toMatch(new RegExp(`\\| \`${name}\` .*\\| \`${port}\` `));
});

test("every fixed port of a role and of the lab is on the page", () => {
  const ports = texts.flatMap((text) =>
    [
      ...text.matchAll(/protocol: "(?:tcp|udp)", port: (\d+)/g),
      // Where clients are sent, not what listens.
      ...text.matchAll(/(?<!USUAL_HTTPS)_PORT = (\d+);/g),
      ...text.matchAll(/[pP]ort\w*: (?:options|admin)\.\w*[pP]ort\w* \?\? (\d+)/g),
      ...text.matchAll(/\bserf = .*\[(\d+)\] : \[\d+, (\d+)\]/g),
      ...text.matchAll(/\btcp = \[(\d+), \.\.\..*\[(\d+)\].*\[(\d+)\]/g),
    ].flatMap(([, ...found]) => found),
  );
  const table = page.slice(page.indexOf("## Ports"));
  expect(ports.length).toBeGreaterThan(10);
  expect(ports.filter((port) => !new RegExp(`^\\| .*\\b${port}\\b.* \\|`, "m").test(table))).toEqual([]);
});

function filesOf(path: string): string[] {
  if (statSync(path).isFile()) return path.endsWith(".ts") ? [path] : [];
  return readdirSync(path).flatMap((name) => filesOf(join(path, name)));
}
