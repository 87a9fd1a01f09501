import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

// What is published are the declarations that `npm run build` makes of constructs/: what starts with `_` is not among them.

const LIBRARY = join(__dirname, "..", "..", "constructs");
const BUILD = join(__dirname, "..", "..", "tsconfig.build.json");
const sources = readdirSync(LIBRARY, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(BUILD, (file) => ts.sys.readFile(file)).config,
  ts.sys,
  join(LIBRARY, ".."),
);

/** Names of a file's declarations, with those of their members; private ones left out. */
function namesOf(file: string, published: boolean): string[] {
  const text = readFileSync(join(LIBRARY, file), "utf8");
  const { outputText } = ts.transpileDeclaration(text, {
    fileName: file,
    compilerOptions: { ...options, stripInternal: published && options.stripInternal },
  });
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    const isPrivate =
      ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);
    if ((ts.isClassElement(node) || ts.isTypeElement(node)) && node.name && !isPrivate)
      names.push(`${file}: ${node.name.getText()}`);
    if (ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node))
      names.push(`${file}: ${node.name!.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, outputText, ts.ScriptTarget.ES2022, true));
  return names;
}

const internal = (name: string): boolean => name.includes(": _");

test("nothing internal is published", () => {
  expect(sources.flatMap((file) => namesOf(file, true)).filter(internal)).toEqual([]);
  // There is some, or the test would prove nothing.
  expect(sources.flatMap((file) => namesOf(file, false)).filter(internal)).toContain("lvs/real-server.ts: _spec");
});

test("a class that only the library makes has a private constructor, not an internal one", () => {
  const text = sources.map((file) => [file, readFileSync(join(LIBRARY, file), "utf8")] as const);
  const constructors = text.flatMap(([file, source]) => {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      // Without a declared constructor, a class has a public one. Overloads leave the public one there; a base class is not exported.
      if (
        ts.isConstructorDeclaration(node) &&
        ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal")
      ) {
        const owner = node.parent as ts.ClassDeclaration;
        const overloads = owner.members.filter((member) => ts.isConstructorDeclaration(member)).length;
        const isAbstract = ts.getModifiers(owner)?.some(({ kind }) => kind === ts.SyntaxKind.AbstractKeyword);
        if (overloads === 1 && !isAbstract) found.push(`${file}: ${owner.name?.text ?? ""}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true));
    return found;
  });
  expect(constructors).toEqual([]);
});
