import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claim } from "../../cli/claim";
import { CliError } from "../../cli/errors";

const root = mkdtempSync(join(tmpdir(), "vipstack-claim-"));
afterAll(() => {
  rmSync(root, { recursive: true });
});
const output = join(root, "cdktf.out");
const file = join(output, ".vipstack-running");

test("a second command says which one runs, since when and where; after its end it may go on", () => {
  const giveBack = claim(output, "up");
  const error = errorOf(() => claim(output, "down"));
  expect(error.message).toMatch(
    new RegExp(
      `^\`up\` of this program runs already: process ${process.pid}, since \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z \\(\\d s\\), in ${process.cwd()}$`,
    ),
  );
  expect(error.cure).toBe(`wait until it has ended, or end it: kill -INT ${process.pid}`);
  giveBack();
  expect(existsSync(file)).toBe(false);
  claim(output, "down")();
});

test("another program of this folder is not claimed with it", () => {
  const example = join(output, "examples", "udp");
  const both = [claim(output, "up"), claim(example, "up")];
  expect(existsSync(join(example, ".vipstack-running"))).toBe(true);
  for (const giveBack of both) giveBack();
});

test("what a process left that was killed counts for nothing", async () => {
  const child = spawn("sleep", ["60"]);
  const giveBack = claim(output, "up");
  const own = JSON.parse(readFileSync(file, "utf8")) as object;
  giveBack();
  const left = JSON.stringify({ ...own, pid: child.pid });
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exit;
  writeFileSync(file, left);
  claim(output, "up")();
  // Its process id, used again by another process.
  writeFileSync(file, JSON.stringify({ ...own, began: "1" }));
  claim(output, "up")();
  writeFileSync(file, '{ "command"');
  claim(output, "up")();
  expect(existsSync(file)).toBe(false);
});

function errorOf(work: () => void): CliError {
  try {
    work();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}
