import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { Facts, lookAt, lookScript, parseOutputs } from "../../../cli/doctor/look";
import { deployment } from "./support/scenes";

test("one script runs many commands, and tells what each printed and how it ended", async () => {
  const looks = ["echo 'it'\\''s one'; echo two >&2", "exit 3", "cat"].map((command) => ({ machine: "here", command }));
  const { stdout } = await execa("sh", ["-s"], { input: lookScript(looks) });
  expect(Object.values(parseOutputs(stdout, ["a", "b", "c"]))).toEqual([
    { exitCode: 0, lines: ["it's one", "two"] },
    { exitCode: 3, lines: [] },
    { exitCode: 0, lines: [] },
  ]);
});

test("each machine is logged in to once; a look has the name of its command, whatever script it runs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-look-"));
  const facts = await lookAt(deployment(`echo login >> ${folder}/logins; sh -s`), [
    { machine: "d2", command: "echo one" },
    { machine: "d2", command: "curl", script: "echo two" },
    { machine: "d3", command: "false" },
  ]);
  expect(facts.seen).toEqual({
    d2: { "echo one": { exitCode: 0, lines: ["one"] }, curl: { exitCode: 0, lines: ["two"] } },
    d3: { false: { exitCode: 1, lines: [] } },
  });
  expect(facts.reached("d3")).toBe(true);
  expect(facts.knows("d3", "false")).toBe(false);
  expect(readFileSync(join(folder, "logins"), "utf8")).toBe("login\nlogin\n");
  rmSync(folder, { recursive: true });
});

test("of a machine without a login there is only the reason", async () => {
  const facts = await lookAt(deployment("echo 'No route to host' >&2; exit 255"), [{ machine: "d2", command: "true" }]);
  expect(facts.seen).toEqual({ d2: { login: { exitCode: 255, lines: ["No route to host"] } } });
  expect(facts.reached("d2")).toBe(false);
  expect(facts.reached("d3")).toBe(false);
});

test("facts are lines, settings and evidence", () => {
  const seen = { d2: { look: { exitCode: 0, lines: ["net.a = 1", "net.b = 20"] } } };
  const facts = new Facts(seen).and({ d2: { more: { exitCode: 0, lines: ["x"] } }, d3: {} });
  expect(facts.setting("d2", "look", "net.b")).toBe(20);
  expect(facts.setting("d2", "look", "net.c")).toBeUndefined();
  expect(facts.evidence("d2", "look", /net/, 1)).toEqual({ machine: "d2", command: "look", lines: ["net.a = 1"] });
  expect(facts.evidence("d2", "look", /absent/).lines).toEqual(["(no such line)"]);
  expect(facts.lines("d2", "more")).toEqual(["x"]);
});
