import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const PROJECT = join(__dirname, "..", "..");
const PAGES = [
  "README.md",
  ...readdirSync(join(PROJECT, "docs"))
    .filter(isPage)
    .map((name) => `docs/${name}`),
];

/** Its docstring has a whole lab test, as it would stand in test/lab. */
const LAB_TESTS = "test/lab/support/deployment.ts";

/** A ```ts block of a page, as a module of its own. */
interface Block {
  readonly page: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

const textOf = (file: string): string => readFileSync(join(PROJECT, file), "utf8");
const blocks = [
  ...PAGES.flatMap((page) => blocksOf(page, textOf(page))),
  ...blocksOf(LAB_TESTS, textOf(LAB_TESTS).replace(/^ \* ?/gm, "")),
];

test("the pages have programs to check", () => {
  expect(blocks.map(({ page }) => page)).toEqual(expect.arrayContaining(["README.md", "docs/directors.md", LAB_TESTS]));
});

test("every program in README and docs/, and the example of a lab test, type-check against the code as it is", () => {
  expect(problemsOf(blocks)).toEqual([]);
});

test("a wrong program is reported with page and line", () => {
  const page = ["# Page", "", "```ts", 'import { Plane } from "vipstack";', "export const plane: Plane = 1;", "```"];
  expect(problemsOf(blocksOf("docs/page.md", page.join("\n")))).toEqual([
    "docs/page.md:5: Type '1' is not assignable to type 'Plane'.",
  ]);
});

function isPage(name: string): boolean {
  return name.endsWith(".md");
}

function blocksOf(page: string, text: string): Block[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split("\n").length + 1,
    code: match[1] ?? "",
  }));
}

/** One compilation for all blocks, each a file that exists in memory only. Only they are checked, not what they import. */
function problemsOf(wanted: readonly Block[]): string[] {
  const folderOf = ({ page }: Block): string => (page === LAB_TESTS ? "lab" : "docs");
  const files = new Map(
    wanted.map((block, index) => [join(PROJECT, "test", folderOf(block), `block-${index}.ts`), block]),
  );
  const tsconfig = ts.readConfigFile(join(PROJECT, "tsconfig.json"), (name) => ts.sys.readFile(name)).config as {
    compilerOptions: unknown;
  };
  const options: ts.CompilerOptions = {
    ...ts.convertCompilerOptionsFromJson(tsconfig.compilerOptions, PROJECT).options,
    noEmit: true,
    incremental: false,
    tsBuildInfoFile: undefined,
    noUnusedLocals: false,
    // No baseUrl: then "constructs" would be the folder, not the package.
    paths: {
      vipstack: [join(PROJECT, "constructs", "index.ts")],
      "vipstack/testing": [join(PROJECT, "constructs", "testing", "index.ts")],
    },
  };
  const host = ts.createCompilerHost(options);
  const onDisk = { ...host };
  // Every block is a module, be it without imports: names of one are not names of another.
  host.fileExists = (file) => files.has(file) || onDisk.fileExists(file);
  host.readFile = (file) => {
    const block = files.get(file);
    return block === undefined ? onDisk.readFile(file) : `${block.code}export {};\n`;
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files].flatMap(([file, block]) => {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map((diagnostic) => describeProblem(block, diagnostic));
  });
}

function describeProblem({ page, line }: Block, { file, start = 0, messageText }: ts.Diagnostic): string {
  const offset = file?.getLineAndCharacterOfPosition(start).line ?? 0;
  return `${page}:${line + offset}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
}
