// tsc copies no Python: the programs that run on machines are put beside the compiled code that ships them.
const { cpSync, readdirSync, existsSync } = require("node:fs");
const { join } = require("node:path");

for (const domain of readdirSync("constructs")) {
  const source = join("constructs", domain, "node");
  if (existsSync(source))
    cpSync(source, join("dist", source), { recursive: true, filter: (file) => !file.includes("__pycache__") });
}
