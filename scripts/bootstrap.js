// `npm run up` and `npm test` work in a fresh clone: this installs the node modules where they are missing or old, compiles,
// and goes on with the command it was given. Nothing but Node may be needed here.
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

process.chdir(join(__dirname, ".."));
installModules();
run("npm", ["run", "--silent", "build"]);
const [program, ...words] = process.argv.slice(2);
if (program) run(program, words);

function installModules() {
  const stamp = join("node_modules", ".vipstack-lock");
  const lock = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.error("Installing the node modules of package-lock.json (half a minute, once) …");
  // No package of ours needs its install script: what is native comes prebuilt. (In .npmrc it would keep `npm pack` from building.)
  run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
  writeFileSync(stamp, lock);
}

function run(command, words) {
  const { status, error } = spawnSync(command, words, { stdio: "inherit" });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
