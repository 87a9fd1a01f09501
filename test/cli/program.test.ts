import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../../cli/errors";
import { Candidate, firstPossible, programError, Supply } from "../../cli/program";
import { CONTAINER_RECIPES } from "../../lab/offline/image-recipes";
import { hubReference } from "../../lab/offline/images";

const chain: Candidate = {
  title: "the chain",
  app: "node chain.js",
  software: ["nomad"],
  images: ["apache/apisix:3.18.0-debian"],
};
const job: Candidate = { title: "a job", app: "node job.js", software: ["nomad"] };
const web: Candidate = { title: "two web servers", app: "node web.js" };

const nomad = (available: boolean): Supply => ({
  name: "nomad",
  available,
  ...(available ? {} : { why: "nomad 1.6.3 (MPL-2.0) is in none of its sources", cure: "program add nomad FILE" }),
});
const apisix = (available: boolean): Supply => ({
  name: "apache/apisix:3.18.0-debian",
  available,
  ...(available ? {} : { why: "the image is not there", cure: "image add apache/apisix:3.18.0-debian FILE" }),
});

test("the first one where everything can be had, without a message", () => {
  expect(firstPossible([chain, job, web], [nomad(true), apisix(true)])).toEqual({ app: "node chain.js" });
});

test("the first one that is possible, with what is left out, why, and what to type", () => {
  expect(firstPossible([chain, job, web], [nomad(true), apisix(false)])).toEqual({
    app: "node job.js",
    leftOut:
      "a job.\nLeft out is the chain:\n  the image is not there\n" +
      "To get it:\n  npm run lab -- image add apache/apisix:3.18.0-debian FILE",
  });
  expect(firstPossible([chain, job, web], [nomad(false), apisix(false)])).toEqual({
    app: "node web.js",
    leftOut:
      "two web servers.\nLeft out is the chain:\n  nomad 1.6.3 (MPL-2.0) is in none of its sources\n  the image is not there\n" +
      "To get it:\n  npm run lab -- program add nomad FILE\n  npm run lab -- image add apache/apisix:3.18.0-debian FILE",
  });
});

test("none is possible: an error with the reasons and the cures", () => {
  expect(() => firstPossible([chain, job], [nomad(false), apisix(true)])).toThrow(
    new CliError("nomad 1.6.3 (MPL-2.0) is in none of its sources", "get it: npm run lab -- program add nomad FILE"),
  );
});

describe("the programs of cdktf.json", () => {
  const { vipstack } = JSON.parse(readFileSync(join(__dirname, "..", "..", "cdktf.json"), "utf8")) as {
    vipstack: { programs: Candidate[] };
  };

  test.each(vipstack.programs)(
    "$title: its machines need what the list says, of what the lab can't make itself",
    (one) => {
      const main = /node dist\/(.+)\.js$/.exec(one.app)?.[1] ?? "";
      const { software = [], images = [] } = labDocument(`${main}.ts`);
      // What the lab builds by itself is always possible.
      const brought = software.map((named) => named.replace(/@.*/, "")).filter((name) => name === "nomad");
      expect(brought).toEqual(one.software ?? []);
      const own = CONTAINER_RECIPES.flatMap(({ references }) => references);
      expect(images.filter((name) => !own.includes(hubReference(name)))).toEqual(one.images ?? []);
    },
  );
});

/** LAB.json of a program, as its synthesis writes it. */
function labDocument(main: string): { software?: string[]; images?: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-choice-"));
  Object.assign(process.env, { CDKTF_OUTDIR: folder, VIPSTACK_STATE: join(folder, "state") });
  try {
    jest.isolateModules(() => {
      jest.requireActual(join(__dirname, "..", "..", main));
    });
    return JSON.parse(readFileSync(join(folder, "stacks", "machines", "lab.json"), "utf8")) as object;
  } finally {
    delete process.env.CDKTF_OUTDIR;
    delete process.env.VIPSTACK_STATE;
    rmSync(folder, { recursive: true });
  }
}

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
