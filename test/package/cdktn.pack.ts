import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// CDKTF was archived in December 2025; CDK Terrain (cdktn) goes on with the same API. Every program gives the same with it.

const DIST = join(__dirname, "..", "..", "dist");
const root = mkdtempSync(join(tmpdir(), "vipstack-cdktn-"));
const hook = join(root, "hook.js");

beforeAll(() => {
  // What an alias in package.json ("cdktf": "npm:cdktn") does, without a second tree of packages.
  writeFileSync(
    hook,
    `const Module = require("node:module");
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return resolve.call(this, request.replace(/^cdktf(?=$|\\/)/, "cdktn"), ...rest);
};
`,
  );
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

const examples = readdirSync(join(DIST, "examples")).filter((name) =>
  existsSync(join(DIST, "examples", name, "main.js")),
);
const programs = ["main.js", ...examples.map((name) => join("examples", name, "main.js"))];

test.each(programs)(
  "%s synthesizes the same with cdktn",
  (program) => {
    const expected = synthesized(program);
    expect(frameworkOf(expected)).toBe(versionOf("cdktf"));
    const found = synthesized(program, ["--require", hook]);
    expect(frameworkOf(found)).toBe(versionOf("cdktn"));
    expect(compared(found)).toEqual(compared(expected));
  },
  60_000,
);

function versionOf(name: string): string {
  return (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), "utf8")) as { version: string }).version;
}

/** The version of the framework that the first stack was made by. */
function frameworkOf(files: Record<string, string>): string | undefined {
  const [stack = "{}"] = Object.entries(files).flatMap(([file, text]) => (file.endsWith("cdk.tf.json") ? [text] : []));
  return (JSON.parse(stack) as Stack)["//"].metadata.version;
}

interface Stack {
  "//": { metadata: { version?: string } };
}

/** Every file that the program writes, by its path. The manifest has stack traces in it. */
function synthesized(program: string, words: readonly string[] = []): Record<string, string> {
  const out = mkdtempSync(join(root, "out-"));
  const env = { ...process.env, CDKTF_OUTDIR: out, VIPSTACK_STATE: join(root, "state") };
  execFileSync("node", [...words, join(DIST, program)], { env, stdio: ["ignore", "pipe", "pipe"] });
  const files = readdirSync(out, { recursive: true, encoding: "utf8" })
    .filter((file) => file !== "manifest.json" && statSync(join(out, file)).isFile())
    .sort();
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(out, file), "utf8")]));
}

/** Stacks as what they say, without the version of the framework. */
function compared(files: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(files).map(([file, text]): [string, unknown] => {
      if (!file.endsWith("cdk.tf.json")) return [file, text];
      const stack = JSON.parse(text) as Stack;
      delete stack["//"].metadata.version;
      return [file, stack];
    }),
  );
}
