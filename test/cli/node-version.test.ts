import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bin, engines } from "../../package.json";

const DIST = join(__dirname, "..", "..", "dist");

/** Runs a command's file as if by another Node. */
function runBy(node: string, file: string): { status: number | null; stderr: string; stdout: string } {
  const script = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${node}" } }); require(${JSON.stringify(file)});`;
  return spawnSync(process.execPath, ["-e", script, "vipstack", "--help"], { encoding: "utf8" });
}

describe.each(Object.entries(bin))("%s", (_, path) => {
  const file = join(__dirname, "..", "..", path);

  test.each(["12.22.12", "18.20.4", "20.8.1"])("Node %s gets one message, before anything else", (node) => {
    expect(runBy(node, file)).toMatchObject({
      status: 1,
      stdout: "",
      stderr:
        `error: this is Node ${node}, and vipstack needs ${engines.node.replace(">=", "")} or newer\n` +
        "  what to do: install a newer one (nodejs.org), or choose it with your version manager: nvm install 20\n",
    });
  });

  test.each(["20.9.0", "22.0.0"])("Node %s goes on", (node) => {
    expect(runBy(node, file).stderr).not.toContain("this is Node");
  });

  test("an old Node can read what comes before the check", () => {
    const folder = file.replace(/[^/]+$/, "");
    const [entry, check] = [file, join(folder, "node-version.js")].map((one) => readFileSync(one, "utf8"));
    expect(entry?.match(/require\("[^"]+"\)/g)).toEqual(['require("./node-version")', 'require("./main")']);
    for (const text of [entry, check]) expect(text).not.toMatch(/\?\?|\?\.|\|\|=|&&=|\bstatic \{|\bawait\b|import\(/);
  });
});

test("both commands have the same check", () => {
  const [cli, lab] = ["cli", "lab"].map((folder) => readFileSync(join(DIST, folder, "node-version.js"), "utf8"));
  expect(lab).toBe(cli);
});
