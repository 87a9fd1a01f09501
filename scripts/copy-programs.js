// tsc copies no Python and no lists of Go modules: they are put beside the compiled code that ships them.
const { cpSync, readdirSync, existsSync } = require("node:fs");
const { join } = require("node:path");

for (const domain of readdirSync("constructs")) {
  const source = join("constructs", domain, "node");
  if (existsSync(source))
    cpSync(source, join("dist", source), { recursive: true, filter: (file) => !file.includes("__pycache__") });
}
cpSync(join("lab", "artefacts"), join("dist", "lab", "artefacts"), { recursive: true });
