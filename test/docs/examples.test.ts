import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROJECT = join(__dirname, "..", "..");
const PAGE = join(PROJECT, "docs", "examples.md");
const names = readdirSync(join(PROJECT, "examples")).filter((name) =>
  existsSync(join(PROJECT, "examples", name, "main.ts")),
);
const root = realpathSync(mkdtempSync(join(tmpdir(), "vipstack-examples-")));
const before = { ...process.env };
const here = process.cwd();
beforeAll(() => {
  process.chdir(root);
});
afterAll(() => {
  process.chdir(here);
  process.env = before;
  rmSync(root, { recursive: true });
});

/** `UPDATE_GOLDEN=1 npx jest test/docs/examples.test.ts --selectProjects unit` writes the table anew. */
test("docs/examples.md has every example: what, machines, memory, the line that runs it", async () => {
  const programs: string[] = [];
  // One after the other: where each writes is in the environment.
  for (const name of names) programs.push(await rowOf(name));
  const rows = [
    "| example | what it shows | machines | memory | run it |",
    "| --- | --- | --- | --- | --- |",
    ...programs,
  ];
  const page = readFileSync(PAGE, "utf8");
  const made = page.replace(/EXAMPLES|^\|[^]*\|$/m, rows.join("\n"));
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(PAGE, made);
  expect(tableOf(readFileSync(PAGE, "utf8"))).toEqual(tableOf(made));
}, 120_000);

async function rowOf(name: string): Promise<string> {
  const source = readFileSync(join(PROJECT, "examples", name, "main.ts"), "utf8");
  const head = /^(?:\/\/ ?.*\n)+/.exec(source)?.[0] ?? "";
  const prose = head.split("\n").filter((line) => /^\/\/ \S/.test(line));
  const [what = ""] = /^.*?\.(?= |$)/.exec(prose.map((line) => line.slice(3)).join(" ")) ?? [];
  const lines = head.split("\n").flatMap((line) => /^\/\/ {3}(.*npm run up -- \S+)/.exec(line)?.[1] ?? []);
  const plain = `npm run up -- ${name}`;
  // One that can't run without a variable says so in its only line.
  const [run = plain] = lines.length === 1 && name === "libvirt" ? lines : [plain];
  const { machines, memory } = await machinesOf(name);
  const cells = [`[${name}](../examples/${name}/main.ts)`, what.replace(/\.$/, ""), machines, memory, `\`${run}\``];
  return `| ${cells.join(" | ")} |`;
}

async function machinesOf(name: string): Promise<{ machines: number; memory: string }> {
  const out = join(root, name);
  Object.assign(process.env, {
    CDKTF_OUTDIR: out,
    VIPSTACK_STATE: join(root, "state"),
    IMAGE: "/image",
    PUBLIC_KEY: "k",
  });
  await import(join(PROJECT, "examples", name, "main.ts"));
  const files = readdirSync(out, { recursive: true, encoding: "utf8" });
  const read = (file: string): unknown => JSON.parse(readFileSync(join(out, file), "utf8"));
  const machines = files
    .filter((file) => file.endsWith("deployment.json"))
    .flatMap((file) => (read(file) as { machines: unknown[] }).machines);
  const memory = files
    .filter((file) => file.endsWith("machine.json"))
    .map((file) => (read(file) as { memoryMiB: number }).memoryMiB);
  const sum = memory.reduce((all, one) => all + one, 0);
  return { machines: machines.length, memory: sum === 0 ? "–" : `${sum} MiB` };
}

/** Without the padding that prettier writes. */
function tableOf(page: string): string[] {
  return page
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.replace(/ +/g, " ").replace(/-{3,}/g, "---"));
}
