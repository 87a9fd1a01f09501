import { spawnSync } from "node:child_process";

/** Debian's own Python, which has cloud-init's reader where the package python3-yaml is. */
const PYTHON = "/usr/bin/python3";
const present = spawnSync(PYTHON, ["-c", "import yaml"]).status === 0;
if (!present)
  process.stderr.write(
    `SKIPPED: what PyYAML makes of user-data (missing: the package python3-yaml); a lab test asks a guest's\n`,
  );

/** A test that runs the real PyYAML; skipped, and said so, where there is none. The lab asks the one of a guest. */
export const withPyYaml = present ? test : test.skip;

/** Python that reads YAML from its standard input as cloud-init does, and prints it as JSON; other types as their names. */
export const READER = `import json, sys, yaml
print(json.dumps([yaml.safe_load(text) for text in json.load(sys.stdin)], default=lambda value: f"not text: {value!r}"))
`;

/** What PyYAML's safe loader makes of each text; fails where it refuses one. */
export function pyYaml(...texts: readonly string[]): unknown[] {
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-c", READER], {
    input: JSON.stringify(texts),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as unknown[];
}
