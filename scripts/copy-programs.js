// tsc copies TypeScript only: what else the compiled code reads is put beside it.
const { chmodSync, cpSync, readdirSync, existsSync } = require("node:fs");
const { join } = require("node:path");

for (const folder of [
  ...readdirSync("constructs").map((domain) => join("constructs", domain)),
  join("cli", "doctor"),
]) {
  const programs = join(folder, "programs");
  if (existsSync(programs))
    cpSync(programs, join("dist", programs), { recursive: true, filter: (file) => !file.includes("__pycache__") });
}
for (const program of readdirSync(join("scripts", "bench")).filter((name) => name.endsWith(".py")))
  cpSync(join("scripts", "bench", program), join("dist", "scripts", "bench", program));
cpSync(join("cli", "view", "page"), join("dist", "cli", "view", "page"), { recursive: true });
for (const source of readdirSync("lab").filter((name) => /\.(c|py)$/.test(name)))
  cpSync(join("lab", source), join("dist", "lab", source));
cpSync(join("lab", "offline", "artefacts"), join("dist", "lab", "offline", "artefacts"), { recursive: true });

// npx runs them as they are where the package is the folder itself.
for (const command of Object.values(require("../package.json").bin)) chmodSync(command, 0o755);
