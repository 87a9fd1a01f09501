import { execFileSync } from "node:child_process";
import { programError } from "../../cli/program";

/** What Node prints for a program that throws. */
function printed(program: string): string {
  try {
    execFileSync("node", ["-e", program], { stdio: "pipe" });
    return "";
  } catch (error) {
    return String((error as { stderr: Buffer }).stderr);
  }
}

test.each([
  [
    "a message of several lines",
    `throw new Error("a: 2 problems\\n  - one\\n  - two")`,
    "a: 2 problems\n  - one\n  - two",
  ],
  ["a message of one line", `throw new TypeError("x is none")`, "x is none"],
])("%s is shown whole, without the stack trace", (_, program, message) => {
  expect(programError(printed(program))).toBe(message);
});

test("what synth validated is shown whole, without a way round it that is none here", () => {
  const program = `const { App, TerraformStack } = require("cdktf");
const app = new App({ outdir: require("fs").mkdtempSync(require("path").join(require("os").tmpdir(), "vipstack-error-")) });
process.on("exit", () => require("fs").rmSync(app.outdir, { recursive: true }));
const stack = new TerraformStack(app, "test");
stack.node.addValidation({ validate: () => ["one", "two"] });
app.synth();`;
  expect(programError(printed(program))).toBe(
    "Validation failed with the following errors:\n  [test] one\n  [test] two",
  );
});

test("what is no error of Node's is shown as it is", () => {
  expect(programError("sh: 1: node: not found\n")).toBe("sh: 1: node: not found");
});
