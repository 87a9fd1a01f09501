// `npm run up` and `npm test` work in a fresh clone: this installs the node modules where they are missing or old, compiles
// where a source is newer than what was compiled, and goes on with the command it was given. Nothing but Node may be needed
// here, and an old one must be able to read it: its version is checked before anything else is loaded.
checkNode();
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { existsSync, readdirSync, readFileSync, statSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

// What tsconfig.build.json includes.
const SOURCES = [
  "main.ts",
  "constructs",
  "stacks",
  "inventory",
  "lab",
  "cli",
  "scripts",
  "examples",
  "test/lab/programs",
];
const SETTINGS = ["package-lock.json", "package.json", "tsconfig.json", "tsconfig.build.json"];
const BUILT = join("dist", ".vipstack-built");

process.chdir(join(__dirname, ".."));
// cdktf itself comes with the node modules: the programs of cdktf.json say so.
const installed = process.argv[2] === "--installed";
const [program, ...words] = process.argv.slice(installed ? 3 : 2);
if (!installed) installModules();
compile();
if (program) run(program, words);

function checkNode() {
  const wanted = require("../package.json").engines.node.replace(">=", "");
  const number = (version) => version.split(".").reduce((sum, part, index) => sum + part / Math.pow(1000, index), 0);
  if (number(process.versions.node) >= number(wanted)) return;
  console.error("error: this is Node " + process.versions.node + ", and vipstack needs " + wanted + " or newer");
  console.error(
    "  what to do: install a newer one (nodejs.org), or choose it with your version manager: nvm install 20",
  );
  process.exit(1);
}

function installModules() {
  const stamp = join("node_modules", ".vipstack-lock");
  const lock = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.error("Installing the node modules of package-lock.json (half a minute, once) …");
  // No package of ours needs its install script: what is native comes prebuilt. (In .npmrc it would keep `npm pack` from building.)
  run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
  writeFileSync(stamp, lock);
}

/** Starting tsc costs seconds also where it has nothing to do; looking at the times of some hundred files costs milliseconds. */
function compile() {
  const now = sourcesNow();
  if (existsSync(BUILT) && readFileSync(BUILT, "utf8") === now) return;
  const tsc = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--pretty", "false"];
  const { status, stdout } = spawnSync(process.execPath, tsc, { encoding: "utf8" });
  if (status !== 0) {
    const others = stdout.split("\n").filter((line) => isInAnotherExample(line));
    const errors = stdout.split("\n").filter((line) => line !== "" && !/^\s/.test(line) && !others.includes(line));
    console.error(stdout.trimEnd());
    if (errors.length > 0) process.exit(status === null ? 1 : status);
    console.error("(In examples that are not run now: going on without them.)\n");
  }
  run(process.execPath, ["scripts/copy-programs.js"]);
  // With errors left it is compiled again next time, so that they are shown again.
  if (status === 0) writeFileSync(BUILT, now);
}

/** tsc writes the JavaScript of a file with wrong types all the same, and of all others: one example must not block another. */
function isInAnotherExample(line) {
  const match = /^examples\/([^/]+)\/.*: error TS/.exec(line);
  return match !== null && program !== undefined && !words.some((word) => isAbout(word, match[1]));
}

/** The tests are about every example. */
function isAbout(word, example) {
  return word.split("/").includes(example) || word.endsWith("scripts/test.js");
}

/** Which sources there are, how large, and of when. */
function sourcesNow() {
  const files = [...SETTINGS, ...SOURCES.flatMap(filesIn)];
  const lines = files.map((file) => {
    const { mtimeMs, size } = statSync(file);
    return `${file} ${mtimeMs} ${size}\n`;
  });
  return createHash("sha256").update(lines.join("")).digest("hex");
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .filter((name) => name !== "__pycache__")
    .flatMap((name) => filesIn(join(path, name)));
}

function run(command, words) {
  const { status, error } = spawnSync(command, words, { stdio: "inherit" });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status === null ? 1 : status);
}
