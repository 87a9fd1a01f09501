import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** The programs that run on machines are Python; their tests are too, and fail here with their output. */
const FOLDERS = ["test/lvs/programs", "test/machine/programs", "test/packets/programs"];

test.each(FOLDERS)(
  "the Python tests of %s pass",
  (folder) => {
    const root = join(__dirname, "../../..");
    const done = spawnSync("python3", ["-B", "-m", "unittest", "discover", "-s", folder], {
      cwd: root,
      encoding: "utf8",
    });
    const output = `${done.error?.message ?? ""}${done.stdout}${done.stderr}`;
    if (done.status !== 0) throw new Error(output);
    expect(output).toMatch(/Ran [1-9]\d* tests/);
  },
  240_000,
);
