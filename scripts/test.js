// `npm test`: format, lint, types, dependency rules, unit tests, then the lab tests on real machines. `… unit` leaves the lab out;
// `… long` is the lab tests alone, those of many runs and of the whole chain (*.long.ts), each test of chance several times (test/lab/support/long.ts).
// Ends with one line that counts everything: N passed, N failed, N skipped.
const { spawnSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync, existsSync } = require("node:fs");
const { cpus, tmpdir, totalmem } = require("node:os");
const { join } = require("node:path");

const [, , mode] = process.argv;
const total = { passed: 0, failed: 0, skipped: 0 };
const skips = [];

if (mode === "long") lab("long", { VIPSTACK_LONG: "yes" });
else {
  checks();
  // By default Jest leaves one processor alone, which is half of a machine with two.
  jest("unit", ["--ci", "--maxWorkers", "100%"]);
  if (mode !== "unit") {
    jest("package", ["--ci"]);
    if (total.failed > 0) skip("every lab test", "what needs no machines failed already");
    else lab("lab");
  }
}

for (const line of skips) console.log(`SKIPPED ${line}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);

function checks() {
  step("format", ["prettier", "--check", "--log-level", "warn", "."]);
  step("lint", ["eslint", "."]);
  step("types", ["tsc", "--noEmit", "-p", "tsconfig.json"]);
  const sources = ["main.ts", "constructs", "stacks", "inventory", "lab", "cli", "examples", "scripts", "test"];
  // Links in docstrings that lead nowhere, and types that are used and not exported.
  step("API reference", ["typedoc", "--emit", "none", "--treatWarningsAsErrors"]);
  step("dependency rules", ["depcruise", "--config", ".dependency-cruiser.cjs", ...sources]);
}

/** Lab tests on real machines, where there can be any. */
function lab(project, environment) {
  const reason = whyNoLab();
  if (reason) skip("every lab test", reason);
  else jest(project, ["--ci", "--maxWorkers", project === "long" ? "1" : labsAtOnce()], environment);
}

/** A lab waits more than it works, so two share a machine well; what counts many runs has it alone. */
function labsAtOnce() {
  return cpus().length >= 2 && totalmem() >= 8 * 2 ** 30 ? "2" : "1";
}

function step(name, [command, ...words]) {
  console.log(`── ${name}`);
  const { status } = spawnSync(join("node_modules", ".bin", command), words, { stdio: "inherit" });
  total[status === 0 ? "passed" : "failed"] += 1;
}

function jest(project, words, environment = {}) {
  console.log(`── ${project} tests`);
  const folder = mkdtempSync(join(tmpdir(), "vipstack-test-"));
  const file = join(folder, "result.json");
  spawnSync(
    join("node_modules", ".bin", "jest"),
    ["--selectProjects", project, "--verbose", "--json", "--outputFile", file, ...words],
    {
      // The JSON goes to the file; progress goes to standard error.
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, ...environment },
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
