import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Plane, Refusal, Scheduler } from "../../constructs/lvs";

const page = readFileSync(join(__dirname, "..", "..", "docs", "directors.md"), "utf8");

test.each([
  ["refusal", Object.keys(Refusal).map((name) => `\`${name}\``)],
  [
    "scheduler",
    Object.entries(Scheduler).flatMap(([name, value]) => (value instanceof Scheduler ? [`\`${name}\``] : [])),
  ],
  ["plane", Object.keys(Plane).map((name) => `\`Plane.${name}\``)],
])("docs/directors.md names every %s", (_, names) => {
  expect(names).not.toHaveLength(0);
  expect(names.filter((name) => !page.includes(name))).toEqual([]);
});
