import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { renderJobFile } from "../../../constructs/nomad/render/hcl";

// The API has durations in nanoseconds, which only the name of their field tells from other numbers. So the renderer has a list of names.
// A name that is forgotten there is a number in the job file. These tests find it in the sources: a duration goes through `nanoseconds`.

/** A field that a file of the domain gives to the API, and whether it is a duration there. */
interface Field {
  readonly name: string;
  readonly isDuration: boolean;
}

const folder = join(__dirname, "..", "..", "..", "constructs", "nomad");
const sources = readdirSync(folder)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => readFileSync(join(folder, file), "utf8"));
const fields = sources.flatMap(fieldsOf);
const named = (isDuration: boolean): string[] =>
  fields.filter((field) => field.isDuration === isDuration).map(({ name }) => name);

test("a field made of a duration is a duration in the job file, not a number of nanoseconds", () => {
  expect(named(true)).toEqual(expect.arrayContaining(["KillTimeout", "ShutdownDelay"]));
  expect(named(true).filter((name) => !isWrittenAsDuration(name))).toEqual([]);
});

test("no other field is one", () => {
  expect(named(false)).toEqual(expect.arrayContaining(["Count", "Priority"]));
  expect(named(false).filter(isWrittenAsDuration)).toEqual([]);
});

test("durations become nanoseconds in the fields themselves, where these tests see them", () => {
  expect(named(true)).toHaveLength(sources.join("\n").match(/\bnanoseconds\(/g)?.length ?? 0);
});

test("a forgotten duration would be found", () => {
  const source =
    "const api = { Fresh: wait && nanoseconds(wait), Wait: defined({ Min: nanoseconds(min) }), Count: 1 };";
  expect(fieldsOf(source)).toEqual([
    { name: "Fresh", isDuration: true },
    { name: "Wait", isDuration: false },
    { name: "Min", isDuration: true },
    { name: "Count", isDuration: false },
  ]);
  expect(isWrittenAsDuration("Fresh")).toBe(false);
});

function isWrittenAsDuration(field: string): boolean {
  const job = { ID: "job", Name: "job", Type: "service", Datacenters: [], TaskGroups: [] };
  return renderJobFile({ ...job, [field]: 90e9 }).includes('= "1m30s"');
}

/** The fields in capitals of all object literals of a program. */
function fieldsOf(source: string): Field[] {
  const found: Field[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && /^[A-Z]\w*$/.test(node.name.getText()))
      found.push({ name: node.name.getText(), isDuration: isMadeOfDuration(node.initializer) });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true));
  return found;
}

/** Whether a value calls `nanoseconds` itself, not in a field of its own. */
function isMadeOfDuration(node: ts.Node): boolean {
  if (ts.isPropertyAssignment(node)) return false;
  if (ts.isCallExpression(node) && node.expression.getText() === "nanoseconds") return true;
  return ts.forEachChild(node, (child) => isMadeOfDuration(child) || undefined) ?? false;
}
