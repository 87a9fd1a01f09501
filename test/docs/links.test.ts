import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const PROJECT = join(__dirname, "..", "..");
const PAGES = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
  ...readdirSync(join(PROJECT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const read = (page: string): string => readFileSync(join(PROJECT, page), "utf8");

test("every relative link of the pages leads to a file, and every anchor to a heading", () => {
  expect(PAGES.flatMap((page) => deadLinks(page, read(page)))).toEqual([]);
});

test("every path of the repository that the pages name is there", () => {
  // The changelog also names what is gone.
  const pages = PAGES.filter((page) => page !== "CHANGELOG.md");
  expect(pages.flatMap((page) => deadPaths(page, read(page)))).toEqual([]);
});

test("what leads nowhere is reported with its page", () => {
  const text =
    "# A heading: `code`\n\n[a](#a-heading-code) [b](#gone) [c](directors.md#planes) [d](directors.md#gone) [e](no.md)";
  expect(deadLinks("docs/lab.md", text)).toEqual(
    ["#gone", "directors.md#gone", "no.md"].map((to) => `docs/lab.md: ${to}`),
  );
  expect(deadPaths("docs/lab.md", "`lab/commands.ts`, `lab/gone.ts`")).toEqual(["docs/lab.md: lab/gone.ts"]);
});

function deadLinks(page: string, text: string): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return links.filter((link) => !/^https?:/.test(link) && !leads(page, text, link)).map((link) => `${page}: ${link}`);
}

function leads(page: string, text: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(PROJECT, target))) return false;
  return anchor === undefined || anchorsOf(target === page ? text : read(target)).includes(anchor);
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** `lab/commands.ts` and the like, in code. Names in capitals and stars stand for others. */
function deadPaths(page: string, text: string): string[] {
  const paths = [
    ...text.matchAll(/`((?:constructs|lab|cli|test|examples|inventory|stacks|docs|scripts)\/[a-z\d_./-]+)`/g),
  ];
  return paths.flatMap(([, path = ""]) => (existsSync(join(PROJECT, path)) ? [] : [`${page}: ${path}`]));
}

function withoutCode(text: string): string {
  return text.replace(/^```.*?^```$/gms, "");
}
