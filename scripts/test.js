// `npm test`: format, lint, types, dependency rules, unit tests, then the lab tests on real machines. `… unit` leaves the lab out.
// Ends with one line that counts everything: N passed, N failed, N skipped.
const { spawnSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync, existsSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

const unitOnly = process.argv[2] === "unit";
const total = { passed: 0, failed: 0, skipped: 0 };
const skips = [];

step("format", ["prettier", "--check", "--log-level", "warn", "."]);
step("lint", ["eslint", "."]);
step("types", ["tsc", "--noEmit", "-p", "tsconfig.json"]);
step("dependency rules", [
  "depcruise",
  "--config",
  ".dependency-cruiser.cjs",
  "main.ts",
  "constructs",
  "stacks",
  "inventory",
  "lab",
  "cli",
  "examples",
  "scripts",
  "test",
]);
jest("unit", ["--ci"]);
if (!unitOnly) {
  jest("package", ["--ci"]);
  const reason = whyNoLab();
  if (reason) skip("every lab test", reason);
  else if (total.failed > 0) skip("every lab test", "what needs no machines failed already");
  else jest("lab", ["--ci", "--runInBand"]);
}

for (const line of skips) console.log(`SKIPPED ${line}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);

function step(name, [command, ...words]) {
  console.log(`── ${name}`);
  const { status } = spawnSync(join("node_modules", ".bin", command), words, { stdio: "inherit" });
  total[status === 0 ? "passed" : "failed"] += 1;
}

function jest(project, words) {
  console.log(`── ${project} tests`);
  const folder = mkdtempSync(join(tmpdir(), "vipstack-test-"));
  const file = join(folder, "result.json");
  spawnSync(
    join("node_modules", ".bin", "jest"),
    ["--selectProjects", project, "--verbose", "--json", "--outputFile", file, ...words],
    {
      // The JSON goes to the file; what a person follows goes to standard error.
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  if (!existsSync(file)) {
    total.failed += 1;
    return;
  }
  const result = JSON.parse(readFileSync(file, "utf8"));
  rmSync(folder, { recursive: true });
  total.passed += result.numPassedTests;
  // A suite that can't even be loaded has no tests to count.
  total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  for (const { assertionResults } of result.testResults) {
    for (const { status, fullName } of assertionResults)
      if (status === "pending") skip(fullName, "see the line printed above it");
  }
}

function skip(name, reason) {
  total.skipped += 1;
  skips.push(`${name}: ${reason}`);
}

function whyNoLab() {
  if (process.platform !== "linux") return `the lab needs Linux, this is ${process.platform}`;
  if (process.getuid() !== 0) return "the lab needs root: run `sudo npm test`";
  return undefined;
}
